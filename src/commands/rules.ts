// `scx-check rules`: the list of rules.
import { EXIT } from '../findings/verdict.ts';
import { OutputFile } from '../output/output-file.ts';
import { levelFor } from '../probes/needs.ts';
import { kernelMessage, needsOf, versionsOf } from '../rules/facts.ts';
import { RULES } from '../rules/index.ts';
import type { RuleSpec } from '../rules/rule.ts';

export function rulesCommand(options: { readonly format: 'terminal' | 'json' }): number {
  const output = new OutputFile();
  if (options.format === 'json') output.write(`${JSON.stringify(RULES.map(ruleJson), null, 1)}\n`);
  else {
    const width = Math.max(...RULES.map((rule) => rule.id.length));
    output.write(`${'rule'.padEnd(width)}  severity  level  what holds\n`);
    for (const rule of RULES) {
      const level = String(levelFor(rule.needs) ?? '-').padEnd(5);
      output.write(`${rule.id.padEnd(width)}  ${rule.severity.padEnd(8)}  ${level}  ${rule.title}\n`);
    }
    output.write('level: scx-check record --level N records what the rule needs; -: no recorder does\n');
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
    record: recordingOf(rule) ?? null,
    meaning: rule.meaning,
    causes: rule.causes,
    avoid: rule.avoid,
  };
}

/** The command that records what the rule needs, the least of it; undefined: no probe records it. */
function recordingOf(rule: RuleSpec): string | undefined {
  const level = levelFor(rule.needs);
  if (level === undefined) return undefined;
  return `scx-check record --rules ${rule.id}, or all rules of its kind: --level ${level}`;
}
