// `scx-check rules`: the list of rules.
import { EXIT } from '../findings/verdict.ts';
import { OutputFile } from '../output/output-file.ts';
import { kernelMessage, needsOf, versionsOf } from '../rules/facts.ts';
import { RULES } from '../rules/index.ts';
import type { RuleSpec } from '../rules/rule.ts';

export function rulesCommand(options: { readonly format: 'terminal' | 'json' }): number {
  const output = new OutputFile();
  if (options.format === 'json') output.write(`${JSON.stringify(RULES.map(ruleJson), null, 1)}\n`);
  else {
    const width = Math.max(...RULES.map((rule) => rule.id.length));
    for (const rule of RULES) output.write(`${rule.id.padEnd(width)}  ${rule.severity.padEnd(7)}  ${rule.title}\n`);
  }
  output.close();
  return EXIT.ok;
}

function ruleJson(rule: RuleSpec): object {
  return {
    id: rule.id,
    title: rule.title,
    severity: rule.severity,
    versions: versionsOf(rule),
    kernel_message: kernelMessage(rule) ?? null,
    fn: rule.fn,
    needs: needsOf(rule),
    meaning: rule.meaning,
    causes: rule.causes,
    avoid: rule.avoid,
  };
}
