/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files of the folders given, so that corpora are tests under any compiler. With
 * `--mutate SECONDS` it also flips, cuts and joins bytes of them at random (seed printed) until the time is
 * over. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define FILES_MAX 4096
#define FILE_BYTES_MAX (1 << 20)

static struct {
    uint8_t *p;
    size_t n;
} files[FILES_MAX];
static size_t count;

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || count == FILES_MAX)
        return;
    uint8_t *p = malloc(FILE_BYTES_MAX);
    if (p == NULL)
        abort();
    size_t n = fread(p, 1, FILE_BYTES_MAX, file);
    fclose(file);
    files[count].p = p;
    files[count++].n = n;
}

static void load_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "cannot open corpus %s\n", path);
        exit(1);
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        load(name);
    }
    closedir(folder);
}

/* A fresh exact-size heap copy, so that the sanitizer sees the first byte past the end. */
static void run(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void mutate(int seconds)
{
    static uint8_t work[FILE_BYTES_MAX];
    uint64_t state = (uint64_t)time(NULL) | 1, runs = 0;
    printf("mutating for %d s, seed %llu\n", seconds, (unsigned long long)state);
    fflush(stdout);
    for (time_t end = time(NULL) + seconds; time(NULL) < end;) {
        for (int burst = 0; burst < 64; burst++, runs++) {
            size_t pick = next(&state) % count, n = files[pick].n;
            memcpy(work, files[pick].p, n);
            for (uint64_t edits = 1 + next(&state) % 8; edits != 0 && n != 0; edits--) {
                size_t at = next(&state) % n;
                switch (next(&state) % 5) {
                case 0: work[at] ^= (uint8_t)(1u << next(&state) % 8); break;
                case 1: work[at] = (uint8_t)next(&state); break;
                case 2: n = at; break;
                case 3: memmove(work + at, work + at + 1, n - at - 1), n--; break;
                default: {
                    size_t other = next(&state) % count;
                    size_t take = files[other].n ? next(&state) % files[other].n : 0;
                    if (at + take <= sizeof work)
                        memcpy(work + at, files[other].p, take), n = at + take > n ? at + take : n;
                }
                }
            }
            run(work, n);
        }
    }
    printf("%llu runs\n", (unsigned long long)runs);
}

int main(int argc, char **argv)
{
    int seconds = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutate") == 0 && i + 1 < argc)
            seconds = atoi(argv[++i]);
        else
            load_folder(argv[i]);
    }
    run((const uint8_t *)"", 0);
    for (size_t i = 0; i < count; i++)
        run(files[i].p, files[i].n);
    printf("%zu corpus files\n", count);
    if (seconds > 0 && count != 0)
        mutate(seconds);
    return count != 0 ? 0 : 1;
}
