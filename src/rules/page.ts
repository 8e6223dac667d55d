// The page of all rules in Markdown, generated from their declarations.
import { kernelMessage, needsOf, versionsOf } from './facts.ts';
import { RULES } from './index.ts';
import type { RuleSpec } from './rule.ts';

export function renderRulesPage(): string {
  const table = RULES.map(
    (rule) => `| [${rule.id}](#${rule.id}) | ${rule.severity} | ${versionsOf(rule)} | ${rule.title} |`,
  );
  return `# Rules

Generated from the declarations in \`src/rules\`; change them there, then run \`npm run docs\`.

| rule | severity | Linux | invariant |
|---|---|---|---|
${table.join('\n')}

${RULES.map(renderRule).join('\n')}`;
}

function renderRule(rule: RuleSpec): string {
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
| fixtures | [\`fixtures/rules/${rule.id}\`](../fixtures/rules/${rule.id}) |

Usual causes:

${rule.causes.map((cause) => `- ${cause}`).join('\n')}

How to avoid it: ${rule.avoid}
`;
}
