#ifndef MUSTER_CONF_SYNTAX_WORDS_H
#define MUSTER_CONF_SYNTAX_WORDS_H

#include "base/error.h"
#include "conf/scanner.h"

struct conf_report;

/* How much of a token a message shows, for "%.*s". */
int syntax_shown(const struct token *);

/* A word that is no value: says what its writer may have meant. */
void syntax_fault_word(struct conf_report *, struct src_pos,
    const struct token *word);

enum syntax_name_verdict {
	SYNTAX_NAME_GOOD,
	SYNTAX_NAME_LEFT_OUT,		/* the setting can be passed over */
	SYNTAX_NAME_UNREADABLE,		/* libconfig would stop at it */
	SYNTAX_NAME_END			/* nothing behind it makes sense */
};

/* A word where a name is due. after: the scanner behind it, for @include. */
enum syntax_name_verdict syntax_fault_name(struct conf_report *,
    struct src_pos, const struct token *word, const struct scanner *after);

#endif
