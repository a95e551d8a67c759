/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/read_private.h"

static const struct yaml *none(void)
{
    static const struct yaml empty = {.kind = YAML_MAP, .line = 1, .column = 1};
    return &empty;
}

struct texts read_texts(struct loader *l, const struct yaml *map, const char *key, bool need)
{
    struct texts out = {0};
    const struct yaml *value = yaml_get(&l->r, map, key, YAML_MAP, need);
    for (size_t i = 0; value != NULL && i < value->n; i++) {
        size_t at = 0;
        while (at < l->j->languages_n && !str_eq(l->j->languages[at], value->key[i]->text))
            at++;
        if (at == l->j->languages_n)
            found(&l->r, FINDING_ERROR, value->key[i],
                  "Add it to languages in jurisdiction.yaml, or take it out.",
                  "'%.*s' is not a language of this folder", STR_ARG(value->key[i]->text));
        else
            out.in[at] = value->member[i]->text;
    }
    for (size_t i = 0; value != NULL && i < l->j->languages_n; i++) {
        if (out.in[i].n == 0) {
            found(&l->r, i == 0 ? FINDING_ERROR : FINDING_WARNING, value, "Add the text in this language.",
                  "'%s' has no text in '%.*s'", key, STR_ARG(l->j->languages[i]));
            out.in[i] = out.in[0];
        }
    }
    return out;
}

struct str read_id(struct loader *l, const struct yaml *map, const char *key)
{
    struct str id = yaml_text(&l->r, map, key, true);
    if (id.n != 0 && !text_is_id(id))
        found(&l->r, FINDING_ERROR, yaml_place(map, key), "Use 1 to 64 of a-z, 0-9, '.' and '-'.",
              "'%.*s' is not an id", STR_ARG(id));
    return id;
}

const struct yaml *list_of(struct loader *l, const struct yaml *map, const char *key, bool need)
{
    const struct yaml *list = yaml_get(&l->r, map, key, YAML_LIST, need);
    return list ? list : none();
}

const struct yaml *read_file(struct loader *l, const struct folder_file *file)
{
    l->r.file = file->path;
    const struct yaml *root = yaml_parse(&l->r, file->bytes);
    if (root != NULL && root->kind != YAML_MAP) {
        found(&l->r, FINDING_ERROR, root, "Begin with 'key: value'.", "the file is not a mapping");
        root = NULL;
    }
    l->unread |= root == NULL;
    return root;
}

struct levels read_levels(struct loader *l, const struct yaml *map, const char *key)
{
    const struct yaml *minimum = yaml_get(&l->r, map, key, YAML_MAP, false);
    if (minimum == NULL)
        return (struct levels){0};
    yaml_known(&l->r, minimum, KNOWN("ial", "aal", "phishing-resistant"));
    return (struct levels){.ial = (unsigned)yaml_number(&l->r, minimum, "ial", 0, LEVELS_MAX),
                           .aal = (unsigned)yaml_number(&l->r, minimum, "aal", 0, LEVELS_MAX),
                           .phr = yaml_yes(&l->r, minimum, "phishing-resistant")};
}
