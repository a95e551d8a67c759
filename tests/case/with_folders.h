/* SPDX-License-Identifier: Apache-2.0 */
/* with_folders.h: the folders through which messages and invoices leave, files that people give, and a phone.
 */
#ifndef TESTS_CASE_WITH_FOLDERS_H
#define TESTS_CASE_WITH_FOLDERS_H

#include <dirent.h>

#include "case/attachment.h"
#include "people/factor.h"
#include "with_cases.h"

/* Files of a folder whose names end so; the last one's text in the arena. */
static UNUSED size_t files_in(const char *path, const char *suffix, struct str *ret_name,
                              struct str *ret_text)
{
    DIR *dir = opendir(path);
    size_t n = 0;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (!str_ends(str_of(entry->d_name), str_of(suffix)) || strlen(entry->d_name) <= strlen(suffix))
            continue;
        char whole[512], text[8192];
        snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
        FILE *file = fopen(whole, "r");
        assert_non_null(file);
        size_t size = fread(text, 1, sizeof text, file);
        fclose(file);
        n++;
        if (ret_name != NULL)
            *ret_name = str_dup(&arena, str_of(entry->d_name));
        if (ret_text != NULL)
            *ret_text = str_dup(&arena, (struct str){text, size});
    }
    if (dir != NULL)
        closedir(dir);
    return n;
}

static UNUSED void empty_folder(const char *path)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static UNUSED void give_phone(const uint8_t *pid, const char *number)
{
    struct account account = {.kind = CALLER_PERSON};
    const uint8_t browser[32] = {7};
    struct str text;
    int64_t wait;
    bool right;
    memcpy(account.person.pid, pid, PID_SIZE);
    must_ok(phone_start(people, database, messages, &account, 1, str_of(number), browser, STR("x"),
                        STR("aina.example"), clock_now(), &wait, &err));
    assert_int_equal(files_in(messages, ".json", NULL, &text), 1);
    const char *hash = memchr(text.p, '#', text.n);
    assert_non_null(hash);
    must_ok(phone_confirm(people, database, &account, browser, (struct str){hash + 1, 6}, clock_now(), &right,
                          &err));
    assert_true(right);
    empty_folder(messages);
}

/* The whole of a file; false: as attachment_open and attachment_next say. */
static UNUSED bool attachment_whole(const struct attachment *a, struct buf *out)
{
    struct attachment_reading *reading;
    char piece[1000];
    size_t n;
    err = (struct err){0};
    if (!attachment_open(beside, database, a, &arena, &reading, &err))
        return false;
    while ((n = attachment_next(reading, database, piece, sizeof piece, &err)) != 0)
        buf_add(out, piece, n);
    return err.code == ERR_NONE;
}

#endif
