// Every row of the catalogue of invariants has a rule, or is a silent recovery that the result counts.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RECOVERIES } from '../../src/replay/recoveries.ts';
import { SITE_CHECKS } from '../../src/rules/common/site-checks.ts';
import { observabilityOf } from '../../src/rules/facts.ts';
import { MODULE_RULES, RULES } from '../../src/rules/index.ts';
import { CATALOGUE } from '../support/catalogue.ts';

const rules = new Map(RULES.map((rule) => [rule.id, rule]));
const recoveries = new Set(RECOVERIES.map((recovery) => recovery.id));
const fixtures = join(import.meta.dirname, '../../fixtures');

describe('the catalogue of invariants', () => {
  test.each(Object.entries(CATALOGUE))('%s: every row is a rule', (section, rows) => {
    const seen = /observability (\w+)/.exec(section)?.[1];
    for (const id of rows) {
      const rule = rules.get(id);
      if (section.startsWith('recoveries')) expect(recoveries, id).toContain(id);
      else {
        expect(rule, id).toBeDefined();
        if (rule !== undefined && seen !== undefined) expect(observabilityOf(rule), id).toBe(seen);
      }
    }
  });

  test('names every rule', () => {
    const rows = new Set(Object.values(CATALOGUE).flat());
    expect([...rules.keys()].filter((id) => !rows.has(id))).toEqual([]);
  });

  test('every rule has a fixture that shows it', () => {
    const folders = new Set(readdirSync(join(fixtures, 'rules')));
    const messages = new Set(readdirSync(join(fixtures, 'messages')));
    const own = new Set([...MODULE_RULES.map((rule) => rule.id), ...Object.keys(SITE_CHECKS)]);
    const missing = RULES.filter(({ id }) => !(own.has(id) ? folders.has(id) : messages.has(`${id}.json`)));
    expect(missing.map((rule) => rule.id)).toEqual([]);
  });
});
