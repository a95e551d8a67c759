/* SPDX-License-Identifier: Apache-2.0 */
#include "web/entry.h"

#include "base/clock.h"
#include "case/booking.h"
#include "case/offer.h"
#include "case/payment.h"
#include "case/scan.h"
#include "people/mandate.h"
#include "people/told.h"
#include "web/web_private.h"

/* Outcomes of acts, beside the two of looks. */
static const struct {
    const char *code, *words;
} outcomes[] = {
    {"admitted", N_("Shown")},
    {"refused", N_("Refused")},
    {"asked", N_("Asked")},
    {"justified", N_("Found justified")},
    {"not-justified", N_("Not justified")},
    {"done", N_("Done")},
    {"erased", N_("Erased")},
    {"given", N_("Given")},
    {"taken-back", N_("Taken back")},
    {"added", N_("A passkey was added")},
    {"removed", N_("A passkey was taken away")},
    {"codes-printed", N_("Ten new printed codes; older ones ended")},
    {"app-added", N_("An authenticator app was added")},
    {"app-removed", N_("The authenticator app was taken away")},
    {"phone-added", N_("A phone for messages was added")},
    {"phone-removed", N_("The phone for messages was taken away")},
    {"recovered", N_("Logged in by a printed code")},
    {"back-by-code", N_("Logged in by a code from a letter or a counter, having passkeys already")},
    {"stopped", N_("Stopped: it was not the person. New passkeys, log-ins and codes on paper ended")},
    {"code-issued-lost", N_("A code for a new passkey was issued, your document having been seen; your phone "
                            "and app were taken off "
                            "as lost")},
    {"token-made", N_("A program was given a token for an hour")},
    {"keys-ended", N_("All keys, codes and log-ins were taken away, as lost")},
    {"signed", N_("Logged in with a signing key, to make a passkey")},
    {"staff-key", N_("A signing key with your number was entered for an official’s acts")},
    {"staff-key-entered", N_("A signing key for acts was entered")},
    {"staff-key-confirmed", N_("The signing key for acts was confirmed")},
    {"staff-key-dropped", N_("The signing key for acts was dropped")},
    {"code-issued", N_("A code for a first passkey was issued, your document having been seen")},
    {"letter-issued", N_("A code for a first passkey was issued, to be sent by letter")},
    {"proposed", N_("Proposed; another administrator must agree")},
    {"dropped", N_("The proposal was dropped")},
    {"leave", N_("Leave entered")},
    {"begun", N_("Begun")},
    {"ended", N_("Ended")},
    {"contested", N_("Contested")},
    {"written", N_("Written")},
    {"issued", N_("Issued")},
    {"revoked", N_("Revoked")},
    {"offered", N_("Offered")},
    {OFFER_BY_LETTER, N_("Opened in order to send it to you by letter")},
    {"accepted", N_("Accepted")},
    {"declined", N_("Declined")},
};

bool entry_refused(const struct gate_entry *e)
{
    return str_is(e->outcome, "refused");
}

bool entry_emergency(const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_EMERGENCY_LOOK));
}

static bool is_look(const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_LOOK)) || entry_emergency(e);
}

static bool is_translation(const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_TRANSLATION));
}

static bool is_of_case(const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_FILING)) || str_is(e->kind, gate_kind_code(KIND_STEP)) ||
           str_is(e->kind, gate_kind_code(KIND_DECISION));
}

/* A step of a case as its service calls it. The entry has the case's number and the step's id; a service that
 * the folder has no more leaves the id. */
static struct str step_words(const struct page *p, const struct gate_entry *e)
{
    static const struct {
        const char *outcome, *words;
    } own[] = {
        {CASE_TAKE, N_("An official took it over")},
        {CASE_CALENDAR,
         N_("The calendar of working days was changed, and with it the day by which it is decided")},
        {FEE_PAID, N_("Your payment came")},
        {FEE_RETURNED, N_("Your payment goes back to you: nothing was owed")},
        {BOOKING_MOVED, N_("Your booked time was changed")},
        {FILE_INFECTED, N_("A file was not kept: the virus scanner found something in it")},
    };
    const struct service *s;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (str_is(e->outcome, own[i].outcome))
            return page_text(p, own[i].words);
    if (!case_service(p->web->cases, web_db(p->request), e->case_no, &s, &err) || s == NULL)
        return e->outcome;
    if (str_starts(e->outcome, STR(CASE_ENDED))) {
        size_t t = service_timer(s, str_from(e->outcome, strlen(CASE_ENDED)));
        return t != NONE ? TF(p, "The time is over: {}", page_texts(p, &s->timers[t].name)) : e->outcome;
    }
    size_t a = service_action(s, e->outcome);
    return a != NONE ? page_texts(p, &s->actions[a].name) : e->outcome;
}

/* The entry of an offer names its service. */
static struct str offered_words(const struct page *p, const struct gate_entry *e)
{
    const struct service *s = jurisdiction_service(p->j, e->reason);
    return s ? page_texts(p, &s->name) : e->reason;
}

static struct str offer_reason(const struct page *p, const struct gate_entry *e)
{
    const struct service *s = jurisdiction_service(p->j, e->reason);
    return s != NULL && str_is(e->outcome, "offered") ? page_texts(p, &s->proactive_why) : STR("");
}

static bool is_document(const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_DOCUMENT));
}

/* "D-35ZM-YEQJ-4YYW: civil.repeat-cert/copy" when it was issued, else with the official's words. */
static struct str document_rest(const struct gate_entry *e, struct str *ret_number)
{
    struct str rest = e->reason;
    if (!str_next(&rest, ':', ret_number))
        *ret_number = e->reason;
    return str_trim(rest);
}

static struct str document_title(const struct page *p, const struct gate_entry *e)
{
    struct str number, service, rest = document_rest(e, &number);
    if (!str_is(e->outcome, "issued"))
        return T(p, "A document was revoked");
    const struct service *s = str_next(&rest, '/', &service) ? jurisdiction_service(p->j, service) : NULL;
    for (size_t d = 0; s != NULL && d < s->documents_n; d++)
        if (str_eq(s->documents[d].id, rest))
            return TF(p, "A document was issued: {}", page_texts(p, &s->documents[d].name));
    return T(p, "A document was issued");
}

static struct str document_reason(const struct page *p, const struct gate_entry *e)
{
    struct str number, rest = document_rest(e, &number);
    return str_is(e->outcome, "issued") || rest.n == 0 ? number : TF(p, "{}: {}", number, rest);
}

bool entry_protected(const struct page *p, const struct gate_entry *e)
{
    const struct purpose *purpose = jurisdiction_purpose(p->j, e->purpose);
    const struct registry *registry = jurisdiction_registry(p->j, e->registry);
    return (purpose != NULL && purpose->protected_category) ||
           (registry != NULL && registry->protected_category);
}

static struct str entry_capacity(const struct page *p, const struct gate_entry *e)
{
    if (str_is(e->capacity, "substitute"))
        return TF(p, "In place of a colleague on leave: {}", e->mandate);
    for (int c = 0; c < CAPACITIES_N; c++)
        if (str_is(e->capacity, capacity_facts[c].code))
            return page_text(p, capacity_facts[c].words);
    return STR("");
}

/* The agencies that know people by one pseudonym. */
static struct str sector_words(const struct page *p, struct str sector)
{
    struct buf out;
    buf_in(&out, p->arena, 4096);
    for (size_t i = 0; i < p->j->agencies_n; i++)
        if (str_eq(p->j->agencies[i].sector, sector)) {
            buf_text(&out, out.n ? ", " : "");
            buf_str(&out, page_texts(p, &p->j->agencies[i].name));
        }
    return out.n ? buf_view(&out) : sector;
}

/* An entry's fields are the two sectors, or the one whose code was asked for by the number. */
static bool between_two(const struct gate_entry *e)
{
    return e->fields_n == 2 && !str_eq(e->fields[0], e->fields[1]);
}

static struct str translation_what(const struct page *p, const struct gate_entry *e)
{
    if (e->fields_n == 0)
        return STR("");
    struct str to = sector_words(p, e->fields[e->fields_n - 1]);
    if (between_two(e))
        return TF(p, "It gave your code at {} and asked for your code at {}", sector_words(p, e->fields[0]),
                  to);
    return e->fields_n == 2 ? TF(p, "It gave an old code of yours at {} and asked for the new one", to)
                            : TF(p, "It gave your number and asked for your code at {}", to);
}

static struct str translation_title(const struct page *p, const struct gate_entry *e)
{
    struct str asking = entry_agency(p, e);
    bool refused = entry_refused(e);
    if (!between_two(e))
        return refused ? TF(p, "Refused: {} asked for the code under which it keeps your data", asking)
                       : TF(p, "{} asked for the code under which it keeps your data", asking);
    struct str from = sector_words(p, e->fields[0]), to = sector_words(p, e->fields[1]);
    return refused ? TF(p, "Refused: {} wanted to join your data at {} with those at {}", asking, from, to)
                   : TF(p, "{} joined your data at {} with those at {}", asking, from, to);
}

static bool is_own_case(const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_OWN_CASE));
}

/* "2026-12-26; document ****45A7": until when, and how the person's presence was shown. */
static struct str own_case_reason(const struct page *p, const struct gate_entry *e)
{
    struct str rest = e->reason, day;
    struct date until;
    if (!str_next(&rest, ';', &day) || !date_parse(day, &until))
        return e->reason;
    return TF(p, "Open until {}; {}", page_day(p, date_days(until)), assist_presence(p, str_trim(rest)));
}

struct str entry_title(const struct page *p, const struct gate_entry *e)
{
    if (e->erased)
        return e->destroyed ? T(p, "The key of this entry was destroyed after the years of keeping")
                            : T(p, "This entry was erased");
    const struct purpose *purpose = jurisdiction_purpose(p->j, e->purpose);
    if (is_translation(e))
        return translation_title(p, e);
    if (is_own_case(e))
        return str_is(e->outcome, "ended") ? T(p, "A case about you was ended")
                                           : T(p, "A case was opened about you");
    if (!is_look(e)) {
        const char *words = gate_kind_words(e->kind);
        struct str kind = words ? page_text(p, words) : e->kind;
        if (is_document(e))
            return document_title(p, e);
        if (str_is(e->kind, gate_kind_code(KIND_OFFER)))
            return TF(p, "{}: {}", kind, offered_words(p, e));
        return is_of_case(e) ? TF(p, "{}: {}", kind, step_words(p, e)) : kind;
    }
    if (entry_refused(e))
        return TF(p, "Refused: {}", purpose ? page_texts(p, &purpose->name) : T(p, "unknown purpose"));
    if (purpose != NULL && purpose->self && entry_capacity(p, e).n != 0)
        return T(p, "Who acts for you looked at your data");
    return purpose ? page_texts(p, &purpose->plain) : e->purpose;
}

struct str entry_outcome(const struct page *p, const struct gate_entry *e)
{
    if (e->erased)
        return e->destroyed ? T(p, "Key destroyed") : T(p, "Erased");
    if (is_of_case(e))
        return T(p, "Done");
    if (is_translation(e) && !entry_refused(e))
        return T(p, "Given");
    if (!is_look(e) && str_is(e->outcome, "admitted") && !str_is(e->kind, gate_kind_code(KIND_CASE_READ)))
        return T(p, "Done");
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        if (str_is(e->outcome, outcomes[i].code))
            return page_text(p, outcomes[i].words);
    return e->outcome;
}

/* No office acted: the person, whoever acted by a mandate, or the operator by command. */
static struct str nobody_official(const struct page *p, const struct gate_entry *e)
{
    if (str_eq(e->actor, TOLD_OPERATOR))
        return T(p, "The operator of this system, by command");
    if (str_eq(e->actor, TOLD_REGISTER) && str_is(e->outcome, "ended"))
        return T(p, "The register, which was asked again");
    if (str_eq(e->actor, TOLD_REGISTER))
        return TF(p, "Who acts for you: {}", entry_capacity(p, e));
    for (int c = 0; c < CAPACITIES_N; c++)
        if (str_is(e->capacity, capacity_facts[c].code) && !str_is(e->kind, gate_kind_code(KIND_MANDATE)))
            return e->actor.n ? TF(p, "Who acts for you: {}, staff code {}",
                                   page_text(p, capacity_facts[c].words), e->actor)
                              : TF(p, "Who acts for you: {}", page_text(p, capacity_facts[c].words));
    return T(p, "Yourself");
}

struct str entry_agency(const struct page *p, const struct gate_entry *e)
{
    const struct agency *agency = jurisdiction_agency(p->j, e->agency);
    if (e->agency.n == 0)
        return nobody_official(p, e);
    return agency ? page_texts(p, &agency->name) : e->agency;
}

struct str entry_who(const struct page *p, const struct gate_entry *e)
{
    const struct agency *agency = jurisdiction_agency(p->j, e->agency);
    const struct office *office = agency ? jurisdiction_office(agency, e->office) : NULL;
    struct str name = office ? page_texts(p, &office->name) : e->office;
    if (e->agency.n == 0)
        return nobody_official(p, e);
    return e->actor.n ? TF(p, "{}, staff code {}", name, e->actor) : name;
}

struct str purpose_basis(const struct page *p, const struct purpose *purpose)
{
    struct str law = page_texts(p, &purpose->basis.law), article = purpose->basis.article;
    /* How an article is cited is the folder's wording: texts/LANGUAGE.yaml may translate it. */
    return article.n ? TF(p, "{}, {}", law, page_text(p, str_c(p->arena, article)))
                     : TF(p, "{}, article not yet entered", law);
}

struct str entry_login(const struct page *p, const struct gate_entry *e)
{
    if (e->levels.n == 0)
        return e->levels;
    if (levels_are_demo(e->levels))
        return T(p, "by button, in a demonstration");
    if (str_is(e->levels, "token"))
        return T(p, "by a token");
    if (str_is(e->levels, "terminal"))
        return T(p, "at the operator's terminal");
    return levels_of(e->levels).phr ? T(p, "by a passkey") : T(p, "by a code or a signature");
}

struct str entry_why(const struct page *p, const struct gate_entry *e)
{
    const struct purpose *purpose = jurisdiction_purpose(p->j, e->purpose);
    if (purpose == NULL)
        return e->basis.n ? e->basis : e->purpose;
    return TF(p, "{}. {}", page_texts(p, &purpose->name), purpose_basis(p, purpose));
}

struct str entry_registry(const struct page *p, const struct gate_entry *e)
{
    const struct registry *registry = jurisdiction_registry(p->j, e->registry);
    return registry ? page_texts(p, &registry->name) : e->registry;
}

struct str entry_fields(const struct page *p, const struct gate_entry *e)
{
    const struct registry *registry = jurisdiction_registry(p->j, e->registry);
    struct buf out;
    if (is_translation(e))
        return translation_what(p, e);
    buf_in(&out, p->arena, 65536);
    for (size_t i = 0; i < e->fields_n; i++) {
        int at = registry ? registry_field(registry, e->fields[i]) : -1;
        if (i != 0)
            buf_text(&out, ", ");
        buf_str(&out, at >= 0 ? page_texts(p, &registry->fields[at].name) : e->fields[i]);
    }
    return buf_view(&out);
}

struct str entry_what(const struct page *p, const struct gate_entry *e)
{
    struct str registry = entry_registry(p, e);
    if (is_translation(e))
        return translation_what(p, e);
    return e->fields_n ? TF(p, "{}: {}", registry, entry_fields(p, e)) : registry;
}

struct str entry_reason(const struct page *p, const struct gate_entry *e)
{
    struct str agency_id, rest = e->reason; /* of another desk, the step names it: "agency/office" */
    if (is_of_case(e) && str_starts(e->outcome, STR("@")) && str_next(&rest, '/', &agency_id) &&
        rest.n != 0) {
        const struct agency *agency = jurisdiction_agency(p->j, agency_id);
        const struct office *office = agency ? jurisdiction_office(agency, rest) : NULL;
        return office ? TF(p, "It lies now with: {}", page_texts(p, &office->name)) : e->reason;
    }
    if (str_is(e->kind, gate_kind_code(KIND_ASSIST)))
        return assist_reason(p, e->reason);
    if (is_own_case(e))
        return own_case_reason(p, e);
    if (str_is(e->kind, gate_kind_code(KIND_LOG_IN)) && str_starts(e->outcome, STR("code-issued")))
        return assist_presence(p, e->reason);
    if (is_document(e))
        return document_reason(p, e);
    if (str_is(e->kind, gate_kind_code(KIND_OFFER)))
        return offer_reason(p, e);
    if (str_is(e->kind, gate_kind_code(KIND_OFFICE)))
        return office_reason(p, e);
    if (str_is(e->kind, gate_kind_code(KIND_MANDATE)) && str_eq(e->actor, TOLD_REGISTER)) {
        const struct registry *registry = jurisdiction_registry(p->j, e->reason);
        struct str name = registry ? page_texts(p, &registry->name) : e->reason;
        return str_is(e->outcome, "ended") ? TF(p, "{} does not say so any more", name)
                                           : TF(p, "{} says so", name);
    }
    if (!entry_refused(e))
        return e->reason;
    for (int i = 0; i < GATE_REASONS_N; i++)
        if (str_is(e->reason, gate_reason_code((enum gate_reason)i)))
            return page_text(p, gate_reason_words((enum gate_reason)i));
    return e->reason;
}

struct str entry_reason_name(const struct page *p, const struct gate_entry *e)
{
    if (entry_refused(e))
        return T(p, "Why refused");
    if (is_document(e))
        return T(p, "Document number");
    return is_own_case(e) || str_is(e->kind, gate_kind_code(KIND_ASSIST)) ||
                   str_is(e->kind, gate_kind_code(KIND_LOG_IN)) ||
                   str_is(e->kind, gate_kind_code(KIND_MANDATE))
               ? T(p, "Details")
               : T(p, "Reason");
}

struct str entry_case_name(const struct page *p, const struct gate_entry *e)
{
    return str_is(e->kind, gate_kind_code(KIND_OFFER)) ? T(p, "Offer") : T(p, "Case");
}

struct str verdict_words(const struct page *p, enum gate_verdict verdict)
{
    switch (verdict) {
    case VERDICT_JUSTIFIED: return T(p, "The look was justified");
    case VERDICT_NOT_JUSTIFIED: return T(p, "The look was not justified");
    case VERDICT_OPEN: break;
    }
    return T(p, "Not answered yet");
}

static void when_fact(struct page *p, const struct gate_entry *e)
{
    MARKUP(p, "<div><dt>{}</dt><dd>", T(p, "When"));
    page_when(p, e->time);
    MARKUP(p, "</dd></div>");
}

void entry_facts(struct page *p, const struct gate_entry *e)
{
    const struct agency *holder = jurisdiction_agency(p->j, e->holder);
    facts_start(p);
    if (!e->erased) {
        fact(p, T(p, "Outcome"), entry_outcome(p, e));
        fact(p, entry_reason_name(p, e), entry_reason(p, e));
        fact(p, T(p, "Agency"), entry_agency(p, e));
        fact(p, T(p, "Who"), entry_who(p, e));
        fact(p, T(p, "In what capacity"), entry_capacity(p, e));
        fact(p, T(p, "Mandate"), e->mandate);
        fact(p, T(p, "Why"), entry_why(p, e));
        if (is_translation(e)) {
            fact(p, T(p, "What"), translation_what(p, e));
        } else {
            fact(p, T(p, "Registry"), entry_registry(p, e));
            fact(p, T(p, "Fields"), entry_fields(p, e));
        }
        when_fact(p, e);
        fact(p, entry_case_name(p, e), e->case_no);
        fact(p, T(p, "Log-in"), entry_login(p, e));
    }
    fact(p, T(p, "List of"), holder ? page_texts(p, &holder->name) : e->holder);
    fact(p, T(p, "Number in the list"), page_number(p, e->number));
    fact(p, T(p, "Number in the log"), page_number(p, e->leaf));
    facts_end(p);
}
