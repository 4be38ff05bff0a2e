#ifndef MUSTER_OP_OPS_H
#define MUSTER_OP_OPS_H

#include "plan/op.h"

/* The verbs, each in its file; see README.md for how to add one. */
extern const struct op_type op_row, op_rows, op_value, op_exec, op_sleep,
    op_require;

/* All of them, closed by NULL: for plans_compile and the manual. */
extern const struct op_type *const op_types[];

#endif
