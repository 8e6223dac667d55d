// Generated documentation is what the code declares, and examples show what the program prints; `npm run docs` writes both anew.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderExamples } from './support/examples.ts';
import { renderRulesPage } from './support/rules-page.ts';
import { renderTraceFormatPage } from './support/trace-format-page.ts';

const DOCS = join(import.meta.dirname, '../docs');

test('docs/rules.md is generated from the rules', async () => {
  await expect(renderRulesPage()).toMatchFileSnapshot(join(DOCS, 'rules.md'));
});

test('docs/trace-format.md is generated from the vocabulary', async () => {
  await expect(renderTraceFormatPage()).toMatchFileSnapshot(join(DOCS, 'trace-format.md'));
});

test.each(['state.md', 'dumps.md', 'vtime.md'])('the examples in docs/%s print what they show', async (page) => {
  await expect(await renderExamples(join('docs', page))).toMatchFileSnapshot(join(DOCS, page));
});
