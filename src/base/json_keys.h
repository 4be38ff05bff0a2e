#ifndef MUSTER_BASE_JSON_KEYS_H
#define MUSTER_BASE_JSON_KEYS_H

#include <stdint.h>

struct json_doc;

/*
 * The key that stands a second time in the object at `object` (after
 * unescaping), the earliest such in the text; 0: each stands once. Costs no
 * more than n log n comparisons, whatever the keys are.
 */
uint32_t json_keys_twin(const struct json_doc *, uint32_t object);

#endif
