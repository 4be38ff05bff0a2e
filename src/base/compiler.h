#ifndef MUSTER_BASE_COMPILER_H
#define MUSTER_BASE_COMPILER_H

/* What gcc and clang know beyond C11, under names that read well. */

#define PRINTF(at, first) __attribute__((format(printf, at, first)))
#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
