// Every rule has fixtures: a violating trace, the same without the violation, and one where evidence is missing. The events
// themselves say what must fire there (`expect`); a missing and an extra finding both fail.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isHeldAgainst } from '../../src/findings/verdict.ts';
import { MODULE_RULES } from '../../src/rules/index.ts';
import { replayFile } from '../support/replay.ts';

const ROOT = join(import.meta.dirname, '../../fixtures/rules');

interface Expectation {
  readonly ts: number;
  readonly rule: string;
}

/** What the events of a fixture expect, in order. */
function expectations(path: string): Expectation[] {
  const { events } = JSON.parse(readFileSync(path, 'utf8')) as { events: { ts: number; expect?: string }[] };
  return events.flatMap(({ ts, expect: rules }) =>
    (rules ?? '').split(' ').flatMap((rule) => (rule === '' ? [] : [{ ts, rule }])),
  );
}

/** Rules that only remark on something find no violations. */
const REMARKS: ReadonlySet<string> = new Set(
  MODULE_RULES.filter((rule) => rule.severity === 'info').map((rule) => rule.id),
);

/** Rules that say what will go wrong, or that nothing can be said: the verdict of their violating trace. */
const OTHER_VERDICTS: Readonly<Record<string, string>> = {
  'vtime-drift-eta': 'possible',
  'vtime-starvation-predicted': 'possible',
  'vtime-model-mismatch': 'inconclusive',
};

describe.each(MODULE_RULES.map((rule) => rule.id))('%s', (id) => {
  const folder = join(ROOT, id);

  test('has a violating, a clean and an undecidable trace', () => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    expect(names).toEqual(expect.arrayContaining(['clean.json', 'unknown.json', 'violating.json']));
  });

  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  test.each(files)('%s fires exactly where its events expect it', async (name) => {
    const path = join(folder, name);
    const result = await replayFile(path);
    const found = result.findings
      .filter((finding) => isHeldAgainst(finding.verdict) || (finding.verdict === 'info' && REMARKS.has(finding.rule)))
      .map((finding) => ({ ts: Number(finding.ts), rule: finding.rule }));
    const byPlace = (a: Expectation, b: Expectation): number => a.ts - b.ts || a.rule.localeCompare(b.rule);
    expect(found.toSorted(byPlace)).toEqual(expectations(path).toSorted(byPlace));

    const rule = result.rules.find((entry) => entry.id === id);
    if (REMARKS.has(id) && name.startsWith('violating')) expect(rule?.findings).toBeGreaterThan(0);
    else if (name.startsWith('violating')) expect(rule?.verdict).toBe(OTHER_VERDICTS[id] ?? 'violation');
    else if (name.startsWith('clean')) expect(rule).toMatchObject({ verdict: 'pass' });
    else if (name.startsWith('unknown')) expect(rule?.verdict).toMatch(/^(not evaluated|inconclusive)$/);
    for (const finding of result.findings) {
      expect(finding.evidence.length).toBeGreaterThan(0);
      expect(finding.details.command).toContain(finding.rule);
    }
  });
});
