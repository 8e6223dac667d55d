// The example of a rule: a small trace in which it is broken, replayed, so that what is shown is what the rule reports.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ResultFinding } from '../findings/result.ts';
import { openInput } from '../input/open.ts';
import { openTrace } from '../readers/index.ts';
import { runReplay } from '../replay/run.ts';
import type { RuleSpec } from '../rules/rule.ts';

/** From the sources, and from the chunks and the entry of the built program. */
const PLACES = ['../../fixtures/rules/', '../fixtures/rules/'];

/** What the rule finds in its own fixture; undefined when it has none, or finds nothing to show there. */
export async function exampleOf(rule: RuleSpec): Promise<ResultFinding | undefined> {
  const path = PLACES.map((place) => fileURLToPath(new URL(`${place}${rule.id}/violating.json`, import.meta.url))).find(
    (file) => existsSync(file),
  );
  if (path === undefined) return undefined;
  const source = await openInput(path);
  try {
    const result = runReplay(await openTrace(source), { path: 'violating.json', rules: [rule] });
    return result.findings.find((finding) => finding.rule === rule.id);
  } finally {
    source.close();
  }
}
