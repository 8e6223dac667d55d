// Generated documentation is what the code declares; `npm run docs` writes it anew.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderRulesPage } from '../src/rules/page.ts';

test('docs/rules.md is generated from the rules', async () => {
  await expect(renderRulesPage()).toMatchFileSnapshot(join(import.meta.dirname, '../docs/rules.md'));
});
