/* SPDX-License-Identifier: Apache-2.0 */
/* order.c: aina order: the supervisor's side, until it is a process of its own: a second key file, sealed
 * under a passphrase, and a second person's command. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "crypto/keys.h"
#include "gate/acts.h"

#define PASSPHRASE_MAX 1024
#define USAGE_SUPERVISOR "order supervisor FILE"
#define USAGE_GRANT                                                                                          \
    "order grant DIR --key FILE --order ID --agency ID --purpose ID --person NUMBER --from DATE --until "    \
    "DATE "                                                                                                  \
    "--opens DATE --basis TEXT"
#define USAGE_LIST "order list DIR"
#define USAGE_MONTH "order month DIR YYYY-MM --key FILE"

static struct termios shown; /* the terminal as it was found */

/* Ctrl-C at the question must not leave a terminal that shows nothing. */
static void show_and_end(int signal)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    (void)raise(signal);
}

static void hide(bool hidden)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    const struct sigaction action = {.sa_handler = hidden ? show_and_end : SIG_DFL};
    struct termios quiet = shown;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        (void)sigaction(ends[i], &action, NULL);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, hidden ? &quiet : &shown);
}

/* One line of standard input; not shown where that is a terminal. */
static bool ask(const char *what, char out[PASSPHRASE_MAX], struct err *err)
{
    bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        fprintf(stderr, "%s: ", what);
        hide(true);
    }
    bool got = fgets(out, PASSPHRASE_MAX, stdin) != NULL && strchr(out, '\n') != NULL;
    if (terminal) {
        hide(false);
        fputc('\n', stderr);
    }
    if (!got)
        return err_set(err, ERR_USAGE, "passphrase", "must be one line of standard input, below %d bytes",
                       PASSPHRASE_MAX);
    out[strcspn(out, "\n")] = '\0';
    return true;
}

static int order_supervisor(struct args *args)
{
    char first[PASSPHRASE_MAX], second[PASSPHRASE_MAX];
    struct err err;
    if (!args_are(args, 1, 1, USAGE_SUPERVISOR))
        return EXIT_USAGE;
    bool ok = ask("Passphrase of the new key", first, &err) && ask("The same again", second, &err) &&
              (strcmp(first, second) == 0 ||
               err_set(&err, ERR_USAGE, "passphrase", "the two are not the same; nothing was made")) &&
              gate_supervisor_create(args->argv[0], str_of(first), &err);
    secret_wipe(first, sizeof first);
    secret_wipe(second, sizeof second);
    if (!ok)
        return cli_fail(&err);
    printf("Made %s. Keep it, and its passphrase, with the supervisor: not with those who run the server.\n",
           args->argv[0]);
    return EXIT_DONE;
}

static bool open_key(const char *path, struct gate_supervisor **ret, struct err *err)
{
    char passphrase[PASSPHRASE_MAX];
    bool ok = ask("Passphrase of the supervisor's key", passphrase, err) &&
              gate_supervisor_open(ret, path, str_of(passphrase), err);
    secret_wipe(passphrase, sizeof passphrase);
    return ok;
}

struct grant {
    const char *key, *order, *agency, *purpose, *person, *from, *until, *opens, *basis;
};

static bool day_of(const char *name, const char *text, int32_t *ret_day, struct err *err)
{
    struct date date;
    if (!date_parse(str_of(text), &date))
        return err_set(err, ERR_USAGE, name, "must be a date YYYY-MM-DD");
    *ret_day = date_days(date);
    return true;
}

static bool grant_read(struct instance *in, const struct grant *g, struct gate_order *order, struct err *err)
{
    struct person person;
    *order = (struct gate_order){.id = str_of(g->order), .basis = str_of(g->basis)};
    order->agency = jurisdiction_agency(in->jurisdiction, str_of(g->agency));
    order->purpose = jurisdiction_purpose(in->jurisdiction, str_of(g->purpose));
    if (order->agency == NULL)
        return err_set(err, ERR_NOT_FOUND, "--agency", "there is no agency '%s'", g->agency);
    if (order->purpose == NULL)
        return err_set(err, ERR_NOT_FOUND, "--purpose", "there is no purpose '%s'", g->purpose);
    if (!day_of("--from", g->from, &order->from, err) || !day_of("--until", g->until, &order->until, err) ||
        !day_of("--opens", g->opens, &order->opens, err) ||
        !cli_person(in, g->person, false, "--person", &person, err))
        return false;
    memcpy(order->pid, person.pid, PID_SIZE);
    return true;
}

static int order_grant(struct args *args)
{
    struct grant g;
    struct {
        const char *name, **to;
    } options[] = {
        {"--key", &g.key},         {"--order", &g.order},   {"--agency", &g.agency},
        {"--purpose", &g.purpose}, {"--person", &g.person}, {"--from", &g.from},
        {"--until", &g.until},     {"--opens", &g.opens},   {"--basis", &g.basis},
    };
    struct gate_supervisor *supervisor = NULL;
    struct gate_order order;
    struct instance in;
    struct err err;
    bool all = true;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        all &= (*options[i].to = args_value(args, options[i].name)) != NULL;
    if (!args_are(args, 1, 1, USAGE_GRANT))
        return EXIT_USAGE;
    if (!all) {
        fprintf(stderr, "aina: every option is needed; usage: aina %s\n", USAGE_GRANT);
        return EXIT_USAGE;
    }
    if (!cli_line("--basis", g.basis, &err) || !open_key(g.key, &supervisor, &err))
        return cli_fail(&err);
    bool open = instance_open_any(&in, args->argv[0], &err);
    bool ok = open && grant_read(&in, &g, &order, &err) &&
              gate_order_grant(in.gate, in.db, supervisor, &order, &err);
    if (open)
        instance_close(&in);
    gate_supervisor_free(supervisor);
    if (!ok)
        return cli_fail(&err);
    printf("Order %s is granted and stands in the supervisor's list. The person is shown the looks on %s.\n",
           g.order, g.opens);
    return EXIT_DONE;
}

static int order_list(struct args *args)
{
    struct instance in;
    struct gate_entry *orders;
    struct err err;
    size_t n;
    if (!args_are(args, 1, 1, USAGE_LIST))
        return EXIT_USAGE;
    if (!instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    bool ok = gate_orders(in.gate, &in.arena, &orders, &n, &err);
    for (size_t i = 0; ok && i < n; i++)
        if (orders[i].erased)
            printf("%u.%u  erased\n", orders[i].shard, orders[i].number);
        else
            printf("%u.%u  %.*s  %.*s  %.*s  %.*s  %.*s  %.*s\n", orders[i].shard, orders[i].number,
                   STR_ARG(orders[i].time), STR_ARG(orders[i].case_no), STR_ARG(orders[i].agency),
                   STR_ARG(orders[i].purpose), STR_ARG(orders[i].reason), STR_ARG(orders[i].basis));
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}

static int order_month(struct args *args)
{
    const char *key = args_value(args, "--key");
    struct gate_supervisor *supervisor = NULL;
    struct instance in;
    struct date first;
    struct buf out;
    struct err err;
    if (!args_are(args, 2, 2, USAGE_MONTH))
        return EXIT_USAGE;
    char day[32];
    snprintf(day, sizeof day, "%.10s-01", args->argv[1]);
    if (key == NULL || !date_parse(str_of(day), &first)) {
        fprintf(stderr, "aina: a month YYYY-MM and --key are needed; usage: aina %s\n", USAGE_MONTH);
        return EXIT_USAGE;
    }
    if (!open_key(key, &supervisor, &err))
        return cli_fail(&err);
    buf_init(&out, 65536);
    bool open = instance_open_any(&in, args->argv[0], &err);
    bool ok = open && gate_orders_month(in.gate, in.db, supervisor, first.year, first.month, &out, &err);
    if (open)
        instance_close(&in);
    if (ok)
        cli_print(&out);
    buf_done(&out);
    gate_supervisor_free(supervisor);
    return ok ? EXIT_DONE : cli_fail(&err);
}

int command_order(struct args *args)
{
    static const struct {
        const char *name;
        int (*run)(struct args *args);
        const char *usage;
    } commands[] = {
        {"supervisor", order_supervisor, USAGE_SUPERVISOR},
        {"grant", order_grant, USAGE_GRANT},
        {"list", order_list, USAGE_LIST},
        {"month", order_month, USAGE_MONTH},
    };
    for (size_t i = 0; args->argc > 0 && i < ARRAY_LEN(commands); i++)
        if (strcmp(args->argv[0], commands[i].name) == 0) {
            struct args rest = {args->argc - 1, args->argv + 1};
            return commands[i].run(&rest);
        }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(stderr, "%s aina %s\n", i == 0 ? "aina: usage:" : "            ", commands[i].usage);
    return EXIT_USAGE;
}
