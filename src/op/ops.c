/*
 * The table of verbs: an operation is what one of these words says.
 */
#include "op/ops.h"

#include <stddef.h>

const struct op_type *const op_types[] = {
	&op_row,
	&op_rows,
	&op_value,
	&op_exec,
	&op_sleep,
	&op_require,
	NULL,
};
