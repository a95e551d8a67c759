/* SPDX-License-Identifier: Apache-2.0 */
/* form_table.c: every key of a service file and of a procedure file. docs/services.md tells what they are
 * for. */
#include "jurisdiction/form_private.h"

#define NEED true
#define MAY false

static const struct form_key basis_keys[] = {
    {"law", SHAPE_TEXTS, NEED, NULL, "The act's name."},
    {"article", SHAPE_TEXT, NEED, NULL, "The article, or unknown: shown as not yet entered."},
    {0}};

static const struct form_key window_keys[] = {
    {"opens", SHAPE_DAY, NEED, NULL, "First day of the season, MM-DD."},
    {"closes", SHAPE_DAY, NEED, NULL, "Last day of the season, MM-DD."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {"source", SHAPE_TEXT, MAY, NULL, "Where it was read."},
    {0}};

static const struct form_key proactive_keys[] = {
    {"trigger", SHAPE_TEXTS, NEED, NULL, "The event after which the service is offered."},
    {"why", SHAPE_TEXTS, NEED, NULL, "Why you: the sentence that stands in the offer."},
    {"record", SHAPE_ID, MAY, NULL, "Registry: a record of it, written for a person, raises the offer."},
    {"decided", SHAPE_ID, MAY, NULL, "Service: the grant of a case of it raises the offer to its applicant."},
    {"if", SHAPE_EXPR, MAY, NULL,
     "Only then: over the record's fields and today, or over what the decided case knows."},
    {"within", SHAPE_TERM, MAY, NULL, "How long the offer stands."},
    {0}};

static const struct form_key minimum_keys[] = {
    {"ial", SHAPE_NUMBER, MAY, NULL, "How well the person was identified, 0 to 3; 0 if left out."},
    {"aal", SHAPE_NUMBER, MAY, NULL, "How strong the log-in is, 0 to 3; 0 if left out."},
    {"phishing-resistant", SHAPE_YES, MAY, NULL, "yes: a passkey."},
    {0}};

static const struct form_key lookup_keys[] = {
    {"registry", SHAPE_ID, NEED, NULL, "The registry that is asked; the fields are those taken 'from' it."},
    {"purpose", SHAPE_ID, NEED, NULL, "The purpose of the look, from purposes.yaml."},
    {0}};

static const struct form_key slots_keys[] = {
    {"days", SHAPE_WORDS, NEED, WORDS_DAYS, "Days of the week; holidays are left out by the calendar."},
    {"from", SHAPE_CLOCK, NEED, NULL, "The first slot begins."},
    {"to", SHAPE_CLOCK, NEED, NULL, "The last slot has ended."},
    {"every", SHAPE_TERM, NEED, NULL, "Length of a slot, in minutes or hours."},
    {"at-once", SHAPE_NUMBER, MAY, NULL, "How many people share a slot; 1 if left out."},
    {"ahead", SHAPE_TERM, MAY, NULL, "How far ahead slots are given; 14 calendar days if left out."},
    {0}};

static const struct form_key option_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The value that rules compare with."},
    {"label", SHAPE_TEXTS, NEED, NULL, "What the person reads."},
    {0}};

static const struct form_key field_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The name that pages, rules and templates use."},
    {"type", SHAPE_WORD, NEED, WORDS_TYPES, "What kind of answer it is."},
    {"label", SHAPE_TEXTS, NEED, NULL, "The question."},
    {"hint", SHAPE_TEXTS, MAY, NULL, "A line of help."},
    {"why", SHAPE_TEXTS, MAY, NULL, "Why the state asks this."},
    {"class", SHAPE_WORD, MAY, WORDS_CLASSES, "How closely it is kept; personal if left out."},
    {"from", SHAPE_REF, MAY, NULL, "registry.field: read there, never asked while it is there."},
    {"about", SHAPE_ID, MAY, NULL,
     "Whom the registry is asked about: a field of type person; the applicant if left out."},
    {"optional", SHAPE_YES, MAY, NULL, "yes: may be left out."},
    {"required-if", SHAPE_EXPR, MAY, NULL, "May be left out unless this holds."},
    {"options", SHAPE_FORMS, MAY, "option", "The choices, for choice and choices."},
    {"min", SHAPE_NUMBER, MAY, NULL, "Least number, or fewest characters."},
    {"max", SHAPE_NUMBER, MAY, NULL, "Greatest number, most characters, or megabytes of a file."},
    {"check", SHAPE_WORD, MAY, WORDS_CHECKS, "A check that the text must pass."},
    {"repeat", SHAPE_NUMBER, MAY, NULL, "May be answered so many times."},
    {"co-signs", SHAPE_YES, MAY, NULL, "yes: the person named here must sign too."},
    {"files", SHAPE_WORDS, MAY, WORDS_FILES, "Kinds of file that are taken."},
    {"slots", SHAPE_FORM, MAY, "slots", "The times that can be booked, for a slot."},
    {0}};

static const struct form_key page_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The page's name in addresses."},
    {"title", SHAPE_TEXTS, MAY, NULL,
     "Heading, when there are several fields; else the field's label is it."},
    {"fields", SHAPE_IDS, NEED, NULL, "Fields in order; normally one."},
    {"if", SHAPE_EXPR, MAY, NULL, "Shown only when this holds."},
    {0}};

static const struct form_key rule_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The name that other rules and actions use."},
    {"is", SHAPE_EXPR, NEED, NULL, "The expression."},
    {"sentence", SHAPE_TEXTS, NEED, NULL, "What it means, for the person; of a yes-no rule: when it holds."},
    {"otherwise", SHAPE_TEXTS, MAY, NULL, "What it means when a yes-no rule does not hold."},
    {"basis", SHAPE_FORM, NEED, "basis", "The law that says so."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {"source", SHAPE_TEXT, MAY, NULL, "Where it was read."},
    {0}};

static const struct form_key example_keys[] = {
    {"name", SHAPE_TEXT, NEED, NULL, "What the example shows."},
    {"filed", SHAPE_DATE, MAY, NULL, "The day of filing; valid-from if left out."},
    {"given", SHAPE_VALUES, NEED, NULL, "Answers and facts, by field."},
    {"expect", SHAPE_VALUES, NEED, NULL, "What the rules must give; empty: unknown."},
    {0}};

static const struct form_key flag_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The name that actions and timers use."},
    {"name", SHAPE_TEXTS, NEED, NULL, "What the person and the office see."},
    {0}};

static const struct form_key ground_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The ground's name."},
    {"text", SHAPE_TEXTS, NEED, NULL, "The ground for refusal, as the act says it."},
    {"basis", SHAPE_FORM, NEED, "basis", "The article of the ground."},
    {0}};

static const struct form_key action_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The action's name."},
    {"name", SHAPE_TEXTS, NEED, NULL, "What the button says."},
    {"who", SHAPE_WORDS, NEED, WORDS_WHO, "Who may do it."},
    {"office", SHAPE_REF, MAY, NULL, "agency/office of the official; the provider if left out."},
    {"from", SHAPE_WORDS, NEED, WORDS_STATUSES, "In which statuses it is possible."},
    {"with", SHAPE_IDS, MAY, NULL, "Flags that must be up."},
    {"without", SHAPE_IDS, MAY, NULL, "Flags that must be down."},
    {"if", SHAPE_EXPR, MAY, NULL, "What must be known to hold."},
    {"after", SHAPE_ID, MAY, NULL, "A waiting timer that must have ended."},
    {"fields", SHAPE_IDS, MAY, NULL, "Fields filled in by whoever acts."},
    {"to", SHAPE_WORD, MAY, WORDS_STATUSES, "The new status; the same if left out."},
    {"sets", SHAPE_IDS, MAY, NULL, "Flags put up."},
    {"clears", SHAPE_IDS, MAY, NULL, "Flags taken down."},
    {"does", SHAPE_WORD, MAY, WORDS_DOES, "What it is in law, where the engine must know."},
    {"needs", SHAPE_WORDS, MAY, WORDS_NEEDS, "What must be there before it is done."},
    {0}};

static const struct form_key case_keys[] = {
    {"if", SHAPE_EXPR, NEED, NULL, "When this term holds instead."},
    {"term", SHAPE_TERM, NEED, NULL, "The term then."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {"source", SHAPE_TEXT, MAY, NULL, "Where it was read."},
    {0}};

static const struct form_key timer_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The timer's name; decision is the term that people are told."},
    {"name", SHAPE_TEXTS, NEED, NULL, "What runs."},
    {"while", SHAPE_ID, NEED, NULL, "The status or flag during which it runs."},
    {"term", SHAPE_TERM, NEED, NULL, "7 working days, 30 minutes, 1 month ..."},
    {"start", SHAPE_WORD, MAY, WORDS_STARTS, "From when it is counted; next-working-day if left out."},
    {"ends", SHAPE_WORD, MAY, WORDS_ENDS,
     "What happens when the last day is a day of rest; that-day if left out."},
    {"by-channel", SHAPE_TERMS, MAY, NULL, "Another term by the channel of filing."},
    {"cases", SHAPE_FORMS, MAY, "case", "Other terms by circumstances; the first that holds."},
    {"pause-on", SHAPE_IDS, MAY, NULL, "Flags that stop the clock."},
    {"after-pause", SHAPE_WORD, MAY, WORDS_AFTER_PAUSE,
     "continue with what was left (if left out), or again in full."},
    {"waiting", SHAPE_YES, MAY, NULL, "yes: not a limit but the time before which nothing may be decided."},
    {"hand-over", SHAPE_TERM, MAY, NULL,
     "How long before the end the office must hand the result to a counter."},
    {"do", SHAPE_ID, MAY, NULL, "The action that is done when it ends."},
    {"escalate", SHAPE_REF, MAY, NULL, "agency/office told when it ends."},
    {"basis", SHAPE_FORM, NEED, "basis", "The law that sets it."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {"source", SHAPE_TEXT, MAY, NULL, "Where it was read."},
    {0}};

static const struct form_key fee_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The fee's name."},
    {"name", SHAPE_TEXTS, NEED, NULL, "What is paid."},
    {"amount", SHAPE_EXPR, NEED, NULL, "A number, in the folder's money."},
    {"when", SHAPE_WORD, NEED, WORDS_WHEN, "When it is paid."},
    {"exempt-if", SHAPE_EXPR, MAY, NULL, "Who need not pay."},
    {"exempt", SHAPE_TEXTS, MAY, NULL, "The same in words."},
    {"refund", SHAPE_TEXTS, NEED, NULL, "When it is given back."},
    {"refund-on", SHAPE_WORDS, MAY, WORDS_STATUSES,
     "The statuses in which a paid fee is given back; none if left out."},
    {"basis", SHAPE_FORM, NEED, "basis", "The law that sets it."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {"source", SHAPE_TEXT, MAY, NULL, "Where it was read."},
    {0}};

static const struct form_key document_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The document's name."},
    {"after", SHAPE_IDS, NEED, NULL, "The actions that issue it."},
    {"name", SHAPE_TEXTS, NEED, NULL, "Its title."},
    {"template", SHAPE_TEXTS, NEED, NULL, "Its text; {field} stands for a value."},
    {"signature", SHAPE_WORD, NEED, WORDS_SIGNATURES, "Who signs it."},
    {"qr", SHAPE_WORD, NEED, WORDS_QR, "The code printed on it."},
    {"valid", SHAPE_TERM, MAY, NULL, "How long; without end if left out."},
    {"revocable", SHAPE_YES, MAY, NULL, "yes: can be revoked."},
    {0}};

static const struct form_key message_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The message's name."},
    {"after", SHAPE_IDS, NEED, NULL, "The actions or timers after which it is sent."},
    {"to", SHAPE_WORD, NEED, WORDS_TO, "To whom."},
    {"screen", SHAPE_TEXTS, NEED, NULL, "The whole text, for page and letter."},
    {"sms", SHAPE_TEXTS, MAY, NULL, "At most 70 characters; only {case}, {due} and {code} in it."},
    {"ussd", SHAPE_TEXTS, MAY, NULL, "At most 80 characters; only {case}, {due} and {code} in it."},
    {0}};

static const struct form_key appeal_keys[] = {
    {"to", SHAPE_TEXTS, NEED, NULL, "Who hears it."},
    {"within", SHAPE_TERM, NEED, NULL, "How long it can be filed."},
    {"basis", SHAPE_FORM, NEED, "basis", "The law that gives it."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {"source", SHAPE_TEXT, MAY, NULL, "Where it was read."},
    {0}};

/* What a procedure gives to its services, and a service may add or replace by id. */
#define SHARED_KEYS                                                                                          \
    {"fields", SHAPE_FORMS, MAY, "field", "Questions to people and facts from registries."},                 \
        {"flags", SHAPE_FORMS, MAY, "flag", "States of the work beside the seven statuses."},                \
        {"grounds", SHAPE_FORMS, MAY, "ground", "Grounds for refusal: a closed list."},                      \
        {"actions", SHAPE_FORMS, MAY, "action", "What can be done, by whom, and what it brings."},           \
        {"timers", SHAPE_FORMS, MAY, "timer", "Terms."},                                                     \
        {"documents", SHAPE_FORMS, MAY, "document", "What is issued."},                                      \
        {"messages", SHAPE_FORMS, MAY, "message", "What people are told."},                                  \
    {                                                                                                        \
        "appeal", SHAPE_FORM, MAY, "appeal", "Where and how long a decision can be appealed."                \
    }

static const struct form_key procedure_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The procedure's name."},
    {"archetype", SHAPE_WORD, NEED, WORDS_ARCHETYPES, "Which of the ten kinds it is."},
    {"name", SHAPE_TEXTS, NEED, NULL, "Its name, in words."},
    SHARED_KEYS,
    {0}};

static const struct form_key service_keys[] = {
    {"id", SHAPE_ID, NEED, NULL, "The service's name in addresses."},
    {"version", SHAPE_NUMBER, NEED, NULL, "1, 2, ...: raised with each change of substance."},
    {"valid-from", SHAPE_DATE, NEED, NULL, "The day from which cases are filed under it."},
    {"name", SHAPE_TEXTS, NEED, NULL, "Its official name."},
    {"summary", SHAPE_TEXTS, NEED, NULL, "What it gives, in a sentence or two that anybody understands."},
    {"procedure", SHAPE_ID, NEED, NULL, "How its cases go: a file of procedures/."},
    {"provider", SHAPE_REF, NEED, NULL, "agency/office that decides."},
    {"recipients", SHAPE_WORDS, NEED, WORDS_RECIPIENTS, "Who can apply."},
    {"life-events", SHAPE_IDS, MAY, NULL, "Events of life.yaml that lead here."},
    {"basis", SHAPE_FORM, NEED, "basis", "The act that the service rests on."},
    {"channels", SHAPE_CHANNELS, NEED, NULL,
     "Each way in, and the day on which it was last tried out, or untested."},
    {"minimum", SHAPE_FORM, MAY, "minimum",
     "How sure the log-in must be of whoever files it here by themselves."},
    {"window", SHAPE_FORM, MAY, "window", "The season in which it can be filed."},
    {"one-at-a-time", SHAPE_YES, MAY, NULL, "yes: one case in flight per person."},
    {"replace-by-lookup", SHAPE_YES, MAY, NULL,
     "yes: an extract for another office, which should look by itself."},
    {"proactive", SHAPE_FORM, MAY, "proactive", "When the state offers it unasked."},
    {"lookups", SHAPE_FORMS, MAY, "lookup", "The registries asked, each with its purpose."},
    {"pages", SHAPE_FORMS, MAY, "page", "The questions in their order."},
    {"rules", SHAPE_FORMS, MAY, "rule", "What follows from the answers and facts."},
    {"examples", SHAPE_FORMS, MAY, "example", "Cases worked out by hand, run by aina check."},
    SHARED_KEYS,
    {"fees", SHAPE_FORMS, MAY, "fee", "What is paid; free if left out."},
    {"sources", SHAPE_TEXT_LIST, MAY, NULL, "Where its facts were read."},
    {"note", SHAPE_TEXT, MAY, NULL, "For the next editor."},
    {0}};

/* --- files beside the services --- */

static const struct form_key hours_keys[] = {{"from", SHAPE_CLOCK, NEED, NULL, "The working day begins."},
                                             {"to", SHAPE_CLOCK, NEED, NULL, "The working day has ended."},
                                             {0}};

static const struct form_key year_keys[] = {
    {"year", SHAPE_NUMBER, NEED, NULL, "The year."},
    {"decreed", SHAPE_YES, NEED, NULL, "no: computed ahead, shown as provisional."},
    {"holidays", SHAPE_DATES, NEED, NULL, "Days of rest beside the week-ends."},
    {"working-weekends", SHAPE_DATES, MAY, NULL, "Week-end days that are worked."},
    {0}};

static const struct form_key calendar_keys[] = {
    {"office-hours", SHAPE_FORM, MAY, "hours",
     "What comes after them is taken as come on the next working day."},
    {"years", SHAPE_FORMS, NEED, "year", "The years known."},
    {"note", SHAPE_TEXT, MAY, NULL, "For the next editor."},
    {0}};

static const struct form_key amount_value_keys[] = {
    {"from", SHAPE_DATE, NEED, NULL, "The first day."},
    {"is", SHAPE_TEXT, NEED, NULL, "The number."},
    {"verified", SHAPE_YES, NEED, NULL, "yes only when it was read in an official text, named in source."},
    {0}};

static const struct form_key amount_keys[] = {{"id", SHAPE_ID, NEED, NULL, "The name that rules use."},
                                              {"name", SHAPE_TEXTS, NEED, NULL, "Its name."},
                                              {"basis", SHAPE_FORM, NEED, "basis", "The act that sets it."},
                                              {"values", SHAPE_FORMS, NEED, "amount-value", "Oldest first."},
                                              {0}};

static const struct form_key amounts_keys[] = {
    {"amounts", SHAPE_FORMS, NEED, "amount", "Figures that the law sets from time to time."}, {0}};

static const struct form_key event_keys[] = {{"id", SHAPE_ID, NEED, NULL, "The event's name."},
                                             {"name", SHAPE_TEXTS, NEED, NULL, "What people call it."},
                                             {0}};

static const struct form_key life_keys[] = {
    {"events", SHAPE_FORMS, NEED, "event", "Events in a life that lead to services."}, {0}};

const struct form forms[] = {{"calendar", calendar_keys},
                             {"year", year_keys},
                             {"hours", hours_keys},
                             {"amounts", amounts_keys},
                             {"amount", amount_keys},
                             {"amount-value", amount_value_keys},
                             {"life", life_keys},
                             {"event", event_keys},
                             {"service", service_keys},
                             {"procedure", procedure_keys},
                             {"basis", basis_keys},
                             {"window", window_keys},
                             {"proactive", proactive_keys},
                             {"minimum", minimum_keys},
                             {"lookup", lookup_keys},
                             {"slots", slots_keys},
                             {"option", option_keys},
                             {"field", field_keys},
                             {"page", page_keys},
                             {"rule", rule_keys},
                             {"example", example_keys},
                             {"flag", flag_keys},
                             {"ground", ground_keys},
                             {"action", action_keys},
                             {"case", case_keys},
                             {"timer", timer_keys},
                             {"fee", fee_keys},
                             {"document", document_keys},
                             {"message", message_keys},
                             {"appeal", appeal_keys},
                             {0}};

const struct form *form_find(const char *name)
{
    const struct form *f = forms;
    while (f->name != NULL && strcmp(f->name, name) != 0)
        f++;
    must(f->name != NULL);
    return f;
}
