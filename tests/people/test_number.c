/* SPDX-License-Identifier: Apache-2.0 */
#include "people/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static const char *verdict(const char *scheme, const char *number, bool strict)
{
    const struct number_scheme *s = number_scheme_find(str_of(scheme));
    assert_non_null(s);
    return number_verdict_name(s->check(str_of(number), strict));
}

static void own_numbers(void **state)
{
    static const struct {
        const char *scheme, *number, *normal, *strict;
    } rows[] = {
        {"kz-iin", "900101390459", "ok", "ok"},
        {"kz-iin", "991130390064", "ok", "ok"}, /* second pass */
        {"kz-iin", "900101390450", "checksum", "checksum"},
        {"kz-iin", "000000000000", "reserved", "reserved"},
        {"kz-iin", "90010139045", "format", "format"},
        {"kz-iin", " 900101390459", "format", "format"},
        {"kz-iin", "90010139045O", "format", "format"},
        {"kz-iin", "\xD9\xA9\xD9\xA0\xD9\xA0\xD9\xA1\xD9\xA0\xD9\xA1", "format",
         "format"}, /* six Arabic digits, twelve bytes */
        {"kz-iin", "901301390002", "ok", "legacy_hint"},
        {"kz-iin", "900101890004", "ok", "legacy_hint"},
        {"kz-bin", "000740000728", "ok", "ok"},
        {"kz-bin", "000740983967", "checksum", "checksum"},
        {"ee-ik", "36805280109", "ok", "ok"},
        {"ee-ik", "36805280100", "checksum", "checksum"},
        {"ua-rnokpp", "1759013776", "ok", "ok"},
        {"ua-rnokpp", "1759013777", "checksum", "checksum"},
        {"uz-pinfl", "31210632040244", "ok", "ok"},
        {"uz-pinfl", "31210632040245", "checksum", "checksum"},
        {"luhn-9", "123456782", "ok", "ok"},
        {"luhn-9", "123456783", "checksum", "checksum"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(verdict(rows[i].scheme, rows[i].number, false), rows[i].normal);
        assert_string_equal(verdict(rows[i].scheme, rows[i].number, true), rows[i].strict);
    }
    for (unsigned i = 0; i < number_schemes_n; i++)
        assert_string_equal(verdict(number_schemes[i].id, number_schemes[i].example, true), "ok");
}

static void typed_numbers(void **state)
{
    char out[32], mask[64];
    assert_true(number_normalise(STR(" 900101-390 459 "), out));
    assert_string_equal(out, "900101390459");
    assert_true(number_normalise(STR("\t900101\xC2\xA0"
                                     "390\xE2\x80\x93"
                                     "459\xE2\x80\xAF"),
                                 out));
    assert_string_equal(out, "900101390459");
    assert_true(number_normalise(STR("9001 0139 045O"), out));
    assert_string_equal(out, "90010139045O"); /* a letter stays, and is refused by the check */
    assert_true(number_normalise(STR(""), out));
    assert_string_equal(out, "");
    assert_false(number_normalise(STR("11111111111111111111111111111111"), out));
    const struct number_scheme *iin = number_scheme_find(STR("kz-iin"));
    assert_true(number_lost_zeros(iin, STR("229593048"), out));
    assert_string_equal(out, "000229593048");
    assert_false(number_lost_zeros(iin, STR("229593049"), out));
    assert_false(number_lost_zeros(iin, STR("29593048"), out)); /* more than three */
    assert_false(number_lost_zeros(iin, STR("000229593048"), out));
    assert_false(number_lost_zeros(iin, STR(""), out));
    number_mask(STR("900101390459"), mask);
    assert_string_equal(mask, "9001\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2"
                              "59");
}

static void list(json_t *numbers, const char *scheme, bool valid)
{
    size_t i;
    json_t *row;
    json_array_foreach(numbers, i, row)
    {
        const char *number = json_string_value(json_is_string(row) ? row : json_object_get(row, "number"));
        const char *code = valid ? "ok" : json_string_value(json_object_get(row, "code"));
        assert_string_equal(verdict(scheme, number, false), code);
    }
}

static void shared_numbers(void **state)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/../shared/data/identity/iin.json", getenv("AINA_ROOT"));
    json_t *all = json_load_file(path, 0, NULL);
    if (all == NULL) {
        printf("SKIPPED: ../shared is not here\n");
        return;
    }
    static const char *const countries[3][2] = {{"EE", "ee-ik"}, {"UA", "ua-rnokpp"}, {"UZ", "uz-pinfl"}};
    list(json_object_get(all, "valid"), "kz-iin", true);
    list(json_object_get(all, "invalid"), "kz-iin", false);
    list(json_object_get(json_object_get(all, "bin"), "valid"), "kz-bin", true);
    list(json_object_get(json_object_get(all, "bin"), "invalid"), "kz-bin", false);
    for (size_t i = 0; i < 3; i++) {
        json_t *country = json_object_get(json_object_get(all, "other_countries"), countries[i][0]);
        list(json_object_get(country, "valid"), countries[i][1], true);
        list(json_object_get(country, "invalid"), countries[i][1], false);
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_numbers),
        cmocka_unit_test(typed_numbers),
        cmocka_unit_test(shared_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
