// The page of all rules in Markdown, generated from their declarations.
import { RECOVERIES } from '../../src/replay/recoveries.ts';
import { SITE_CHECKS } from '../../src/rules/common/site-checks.ts';
import { kernelMessage, needsOf, observabilityOf, versionsOf } from '../../src/rules/facts.ts';
import { MODULE_RULES, RULES } from '../../src/rules/index.ts';
import type { RuleSpec } from '../../src/rules/rule.ts';

/** What the letters of the table mean. */
const OBSERVABILITY: readonly (readonly [string, string])[] = [
  ['P', 'the kernel checks it; the model predicts the error from the recorded events'],
  ['M', 'the kernel checks it by state that is only partly visible, or read without a lock'],
  ['C', 'the kernel checks it by configuration or arguments, which recordings hold in part'],
  ['T', 'the kernel checks it by what no scheduling trace shows: known from the exit message'],
  ['checker', 'the kernel does not check it'],
];

export function renderRulesPage(): string {
  const modules = new Set(MODULE_RULES.map((rule) => rule.id));
  const table = RULES.map((rule) =>
    row([
      `[${rule.id}](#${rule.id})`,
      rule.severity,
      observabilityOf(rule),
      versionsOf(rule),
      needsOf(rule).join(', '),
      fixtureOf(rule, modules),
      rule.title,
    ]),
  );
  return `# Rules

Generated from the declarations in \`src/rules\`; change them there, then run \`npm run docs\`.

Who checks a rule, and how far a trace shows it:

| seen | |
|---|---|
${OBSERVABILITY.map(row).join('\n')}

| rule | severity | seen | Linux | needs the events | fixture | invariant |
|---|---|---|---|---|---|---|
${table.join('\n')}

## Silent recoveries

Situations in which the core goes on without an error although it did not do what was asked for. They are no findings;
the result counts the dropped verdicts of each scheduler by reason, and the rest by the core's own counters.

| situation | what happens | seen in |
|---|---|---|
${RECOVERIES.map(({ id, meaning, seen }) => row([`\`${id}\``, meaning, seen === '' ? 'nothing' : seen])).join('\n')}

${RULES.map((rule) => renderRule(rule, modules)).join('\n')}`;
}

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** Rules with a module, or with a prediction, have a folder of traces; the others have their exit message. */
function fixtureOf(rule: RuleSpec, modules: ReadonlySet<string>): string {
  const path =
    modules.has(rule.id) || rule.id in SITE_CHECKS ? `fixtures/rules/${rule.id}` : `fixtures/messages/${rule.id}.json`;
  return `[\`${path}\`](../${path})`;
}

function renderRule(rule: RuleSpec, modules: ReadonlySet<string>): string {
  const message = kernelMessage(rule);
  return `## ${rule.id}

${rule.title}

${rule.meaning}

| | |
|---|---|
| kernel function | \`${rule.fn}\` |
| kernel message | ${message === undefined ? 'the kernel does not check this' : message === '' ? 'none' : `\`${message.replaceAll('|', '\\|')}\``} |
| Linux | ${versionsOf(rule)} |
| needs the events | ${needsOf(rule)
    .map((need) => `\`${need}\``)
    .join(', ')} |
| fixtures | ${fixtureOf(rule, modules)} |

Usual causes:

${rule.causes.map((cause) => `- ${cause}`).join('\n')}

How to avoid it: ${rule.avoid}
`;
}
