/*
 * Settings from rows: a default and what a user wrote go the same way, so
 * that a default out of its own range is found by the first test that runs.
 */
#include "conf/key.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"
#include "conf/secret.h"
#include "conf/tree.h"

/* One value on its way from text to field. */
struct reading {
	const struct conf_key *key;
	const struct conf_node *node;
	void *field;
	struct conf_report *report;
	char path[256];
};

static struct src_pos
reading_pos(const struct reading *reading)
{
	return conf_node_pos(reading->node);
}

/* "expected ..., found a string": each type's own words. */
static int
reading_expected(const struct reading *reading, const char *what)
{
	if (reading->node->kind == CONF_STRING &&
	    (reading->key->flags & CONF_SECRET) == 0)
		conf_fault(reading->report, reading_pos(reading),
		    "%s: expected %s, found \"%.60s\"", reading->path, what,
		    reading->node->text);
	else
		conf_fault(reading->report, reading_pos(reading),
		    "%s: expected %s, found %s", reading->path, what,
		    conf_node_kind_name(reading->node));
	return -1;
}

static bool
key_has_range(const struct conf_key *key)
{
	return key->min != 0 || key->max != 0;
}

static bool
key_in_range(const struct conf_key *key, int64_t value)
{
	if (!key_has_range(key))
		return value >= 0;
	return value >= key->min && value <= key->max;
}

static void
key_print(const struct conf_key *key, int64_t value,
    char text[static CONF_QUANTITY_LEN])
{
	if (key->type == CONF_TYPE_TIME)
		conf_time_print(value, text);
	else if (key->type == CONF_TYPE_SIZE)
		conf_size_print(value, text);
	else
		snprintf(text, CONF_QUANTITY_LEN, "%" PRId64, value);
}

/* The number goes into its field if it is in range. */
static int
reading_number(const struct reading *reading, int64_t value)
{
	const struct conf_key *key = reading->key;
	char min[CONF_QUANTITY_LEN], max[CONF_QUANTITY_LEN];

	if (key_in_range(key, value)) {
		*(int64_t *)reading->field = value;
		return 0;
	}
	key_print(key, key->min, min);
	key_print(key, key->max, max);
	if (key_has_range(key))
		conf_fault(reading->report, reading_pos(reading),
		    "%s: %s is outside %s..%s%s%s", reading->path,
		    reading->node->text, min, max,
		    key->unit == NULL ? "" : " ",
		    key->unit == NULL ? "" : key->unit);
	else
		conf_fault(reading->report, reading_pos(reading),
		    "%s: %s is below 0", reading->path, reading->node->text);
	return -1;
}

static int
read_count(const struct reading *reading)
{
	const struct conf_key *key = reading->key;
	char what[80];
	int64_t value;

	if (reading->node->kind != CONF_INTEGER) {
		snprintf(what, sizeof(what), "a number%s%s",
		    key->unit == NULL ? "" : " of ",
		    key->unit == NULL ? "" : key->unit);
		return reading_expected(reading, what);
	}
	/* What int64 cannot hold was told when the file was read. */
	if (conf_node_integer(reading->node, &value) < 0)
		return -1;
	return reading_number(reading, value);
}

/* A number that lacks its unit: proposes it. */
static int
reading_without_unit(const struct reading *reading, const char *hint)
{
	conf_fault(reading->report, reading_pos(reading),
	    "%s: %s has no unit; write %s", reading->path,
	    reading->node->text, hint);
	return -1;
}

static bool
node_is_digits(const struct conf_node *node)
{
	return node->text != NULL && node->text[0] != '\0' &&
	    strspn(node->text, "0123456789") == strlen(node->text);
}

static int
read_time(const struct reading *reading)
{
	const char *text = reading->node->text;
	int64_t value;
	char hint[100];

	if (reading->node->kind == CONF_STRING &&
	    conf_time_parse(text, &value) == 0)
		return reading_number(reading, value);
	if (!node_is_digits(reading->node))
		return reading_expected(reading, "a time such as \"250ms\", "
		    "\"5s\", \"2m\", \"1h\" or \"7d\"");
	snprintf(hint, sizeof(hint), "\"%.20ss\" for seconds, or one of "
	    "ms m h d", text);
	return reading_without_unit(reading, hint);
}

static int
read_size(const struct reading *reading)
{
	const char *text = reading->node->text;
	char hint[160], even[CONF_QUANTITY_LEN];
	int64_t value;

	if (reading->node->kind == CONF_STRING &&
	    conf_size_parse(text, &value) == 0)
		return reading_number(reading, value);
	if (reading->node->kind != CONF_INTEGER || !node_is_digits(
	    reading->node) || conf_size_parse(text, &value) < 0)
		return reading_expected(reading,
		    "a size such as \"16k\", \"1M\" or \"5G\"");
	conf_size_print(value, even);
	if (strcmp(even, text) != 0)
		snprintf(hint, sizeof(hint), "\"%s\"", even);
	else
		snprintf(hint, sizeof(hint), "\"%sk\", \"%sM\" or \"%sG\" (or "
		    "\"%s\" for bytes)", even, even, even, even);
	return reading_without_unit(reading, hint);
}

static int
read_bool(const struct reading *reading)
{
	if (reading->node->kind != CONF_BOOLEAN)
		return reading_expected(reading, "true or false");
	*(bool *)reading->field = reading->node->truth;
	return 0;
}

static int
read_string(const struct reading *reading)
{
	const char *text = reading->node->text;

	if (reading->node->kind != CONF_STRING)
		return reading_expected(reading, "a string");
	if (reading->key->flags & CONF_SECRET)
		text = secret_read(reading->node, reading->report);
	if (text == NULL)
		return -1;
	*(const char **)reading->field = text;
	return 0;
}

static int
choice_find(const char *const *choices, const char *text)
{
	int i;

	for (i = 0; choices[i] != NULL; i++)
		if (strcmp(choices[i], text) == 0)
			return i;
	return -1;
}

static int
read_enum(const struct reading *reading)
{
	const char *const *choices = reading->key->choices;
	char what[200];
	size_t len;
	int i;

	i = reading->node->kind != CONF_STRING ? -1 :
	    choice_find(choices, reading->node->text);
	if (i >= 0) {
		*(int *)reading->field = i;
		return 0;
	}
	len = (size_t)snprintf(what, sizeof(what), "one of");
	for (i = 0; choices[i] != NULL && len < sizeof(what); i++)
		len += (size_t)snprintf(what + len, sizeof(what) - len,
		    "%s \"%s\"", i == 0 ? "" : ",", choices[i]);
	return reading_expected(reading, what);
}

static int
read_strings(const struct reading *reading)
{
	const struct conf_node *node = reading->node;
	char path[sizeof(reading->path)];
	uint32_t i;
	int status = 0;

	if (node->kind != CONF_STRING && node->kind != CONF_ARRAY &&
	    node->kind != CONF_LIST)
		return reading_expected(reading,
		    "a string or a list of strings");
	for (i = 0; i < node->count; i++) {
		if (node->members[i]->kind == CONF_STRING)
			continue;
		conf_node_path(node->members[i], path, sizeof(path));
		conf_fault(reading->report, conf_node_pos(node->members[i]),
		    "%s: expected a string, found %s", path,
		    conf_node_kind_name(node->members[i]));
		status = -1;
	}
	if (status == 0)
		*(const struct conf_node **)reading->field = node;
	return status;
}

static int
reading_run(const struct reading *reading)
{
	switch (reading->key->type) {
	case CONF_TYPE_BOOL:
		return read_bool(reading);
	case CONF_TYPE_COUNT:
		return read_count(reading);
	case CONF_TYPE_TIME:
		return read_time(reading);
	case CONF_TYPE_SIZE:
		return read_size(reading);
	case CONF_TYPE_STRING:
		return read_string(reading);
	case CONF_TYPE_ENUM:
		return read_enum(reading);
	case CONF_TYPE_STRINGS:
		return read_strings(reading);
	case CONF_TYPE_NODE:
		*(const struct conf_node **)reading->field = reading->node;
		return 0;
	}
	return -1;
}

int
conf_read_value(const struct conf_node *node, const struct conf_key *key,
    void *settings, struct conf_report *report)
{
	struct reading reading = {
		.key = key, .node = node, .report = report,
		.field = (char *)settings + key->at
	};

	if (key->flags & CONF_SECRET)
		node_mark_secret(node);
	conf_node_path(node, reading.path, sizeof(reading.path));
	return reading_run(&reading);
}

/* What a field holds that has no default. */
static void
key_clear(const struct conf_key *key, void *field)
{
	switch (key->type) {
	case CONF_TYPE_BOOL:
		*(bool *)field = false;
		break;
	case CONF_TYPE_COUNT:
	case CONF_TYPE_TIME:
	case CONF_TYPE_SIZE:
		*(int64_t *)field = 0;
		break;
	case CONF_TYPE_ENUM:
		*(int *)field = 0;
		break;
	case CONF_TYPE_STRING:
		*(const char **)field = NULL;
		break;
	case CONF_TYPE_STRINGS:
	case CONF_TYPE_NODE:
		*(const struct conf_node **)field = NULL;
		break;
	}
}

/* A default is a node that stands nowhere. */
static void
key_set_default(const struct conf_key *key, void *settings,
    struct conf_report *report)
{
	static const enum conf_kind kinds[] = {
		[CONF_TYPE_BOOL] = CONF_BOOLEAN,
		[CONF_TYPE_COUNT] = CONF_INTEGER,
		[CONF_TYPE_TIME] = CONF_STRING,
		[CONF_TYPE_SIZE] = CONF_STRING,
		[CONF_TYPE_STRING] = CONF_STRING,
		[CONF_TYPE_ENUM] = CONF_STRING,
	};
	const struct conf_source nowhere = { .path = NULL };
	struct conf_node node = { .source = &nowhere };
	struct reading reading = {
		.key = key, .node = &node, .report = report,
		.field = (char *)settings + key->at
	};
	int status;

	key_clear(key, reading.field);
	if (key->dflt == NULL || key->type == CONF_TYPE_STRINGS ||
	    key->type == CONF_TYPE_NODE)
		return;
	node.kind = (uint8_t)kinds[key->type];
	node.text = key->dflt;
	node.length = (uint32_t)strlen(key->dflt);
	node.truth = strcmp(key->dflt, "true") == 0;
	snprintf(reading.path, sizeof(reading.path), "the default of %s",
	    key->name);
	status = reading_run(&reading);
	assert(status == 0);
	(void)status;
}

static const struct conf_key *
section_find(const struct conf_section *section, const char *name)
{
	size_t i;

	for (i = 0; i < section->nkeys; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

static void
read_unknown(const struct conf_node *node, const struct conf_into *into,
    size_t n, struct conf_report *report)
{
	const char **names;
	size_t i, j, count = 0;

	for (i = 0; i < n; i++)
		count += into[i].section->nkeys;
	names = memory_new((count + 1) * sizeof(*names));
	for (i = 0, count = 0; i < n; i++)
		for (j = 0; j < into[i].section->nkeys; j++)
			names[count++] = into[i].section->keys[j].name;
	conf_fault_unknown(report, conf_node_name_pos(node), "key",
	    node->name, names);
	free(names);
}

static int
read_member(const struct conf_node *node, const struct conf_into *into,
    size_t n, struct conf_report *report)
{
	const struct conf_key *key;
	size_t i;

	for (i = 0; i < n; i++) {
		key = section_find(into[i].section, node->name);
		if (key != NULL)
			return conf_read_value(node, key, into[i].settings,
			    report);
	}
	read_unknown(node, into, n, report);
	return -1;
}

static int
read_required(const struct conf_node *group, const struct conf_section *section,
    struct conf_report *report)
{
	struct src_pos pos = { NULL, 0, 0 };
	char path[256] = "";
	int status = 0;
	size_t i;

	if (group != NULL) {
		if (group->holed)
			return 0;
		pos = conf_node_pos(group);
		conf_node_path(group, path, sizeof(path));
	} else if (strcmp(section->where, "top level") == 0)
		snprintf(path, sizeof(path), "%s", section->name);
	for (i = 0; i < section->nkeys; i++) {
		if ((section->keys[i].flags & CONF_REQUIRED) == 0 ||
		    (group != NULL && node_find(group,
		    section->keys[i].name) != NULL))
			continue;
		conf_fault(report, pos, "%s%s%s is required", path,
		    path[0] == '\0' ? "" : ".", section->keys[i].name);
		status = -1;
	}
	return status;
}

static int
read_members(const struct conf_node *group, const struct conf_into *into,
    size_t n, struct conf_report *report)
{
	char path[256];
	int status = 0;
	uint32_t i;

	if (group->kind != CONF_GROUP) {
		conf_node_path(group, path, sizeof(path));
		conf_fault(report, conf_node_pos(group),
		    "%s: expected a group in \"{ }\", found %s", path,
		    conf_node_kind_name(group));
		return -1;
	}
	for (i = 0; i < group->count; i++)
		if (read_member(group->members[i], into, n, report) < 0)
			status = -1;
	return status;
}

int
conf_read_over(const struct conf_node *group, const struct conf_into *into,
    size_t n, struct conf_report *report)
{
	unsigned before;
	int status = 0;
	size_t i;

	if (group != NULL)
		status = read_members(group, into, n, report);
	before = conf_report_faults(report);
	for (i = 0; i < n && status == 0 && group != NULL; i++)
		if (into[i].section->check != NULL)
			into[i].section->check(into[i].settings, group, report);
	return conf_report_faults(report) > before ? -1 : status;
}

int
conf_read(const struct conf_node *group, const struct conf_into *into,
    size_t n, struct conf_report *report)
{
	int status = 0;
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < into[i].section->nkeys; j++)
			key_set_default(&into[i].section->keys[j],
			    into[i].settings, report);
	for (i = 0; i < n; i++)
		if ((group == NULL || group->kind == CONF_GROUP) &&
		    read_required(group, into[i].section, report) < 0)
			status = -1;
	return conf_read_over(group, into, n, report) < 0 ? -1 : status;
}
