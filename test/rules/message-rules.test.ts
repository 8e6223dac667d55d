// Rules generated from the table of error sites: each recognises its message, and only its message.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_SITES, type ErrorSite } from '../../src/kernel/error-sites.ts';
import { isErrorKind } from '../../src/kernel/exit.ts';
import { formatKernel } from '../../src/kernel/format.ts';
import { SITE_CHECKS } from '../../src/rules/common/site-checks.ts';
import { MODULE_RULES } from '../../src/rules/index.ts';
import { replayEvents, replayFile } from '../support/replay.ts';

const MODULES = new Set(MODULE_RULES.map((rule) => rule.id));
const GENERATED = ERROR_SITES.filter((site) => !MODULES.has(site.id));

/** A message as the kernel would make it. */
function messageOf(site: ErrorSite): string {
  const conversions = site.format.match(/%(?:\*pbl|[\dl]*[sduxp])/g) ?? [];
  return formatKernel(
    site.format,
    conversions.map((conversion) => (conversion.endsWith('s') ? 'hog' : conversion === '%*pbl' ? '0-3' : '17')),
  );
}

/** An ordinary end is no finding, an unexpected one is at least information. */
function expectedOf(site: ErrorSite): object {
  if (isErrorKind(site.kind)) return { findings: 1, verdict: 'violation' };
  return { findings: ORDINARY.has(site.id) ? 0 : 1, verdict: 'pass' };
}

const ORDINARY = new Set(['unregistered', 'sysrq-reset', 'parent-exiting']);

function trace(site: ErrorSite, message: string) {
  return [
    { ts: 1000, cpu: 0, type: 'sched_attach', step: 'link', sched: 1, name: 'demo', level: 0 },
    { ts: 2000, cpu: 0, type: 'sched_exit', step: 'claim', sched: 1, exit_kind: site.kind },
    {
      ts: 2001,
      cpu: 0,
      type: 'sched_exit',
      step: 'message',
      sched: 1,
      exit_kind: site.kind,
      exit_cpu: 0,
      msg: message,
    },
  ];
}

const ROOT = join(import.meta.dirname, '../../fixtures/messages');
const byMessage = GENERATED.filter((site) => !(site.id in SITE_CHECKS));

describe('rules that only the exit message tells of', () => {
  test('have one fixture each', () => {
    expect(readdirSync(ROOT).toSorted()).toEqual(byMessage.map((site) => `${site.id}.json`).toSorted());
  });

  test.each(byMessage)('$id is recognised in its fixture', async (site) => {
    const result = await replayFile(join(ROOT, `${site.id}.json`));
    // Several sites share one text: the first of them speaks for all.
    const twin = ERROR_SITES.find((other) => other.format === site.format && other.kind === site.kind);
    const rule = result.rules.find((entry) => entry.id === twin?.id);
    expect(rule).toMatchObject(expectedOf(site));
  });
});

describe.each(GENERATED)('$id', (site) => {
  const kernel = site.until ?? '7.3';

  test('reports an exit with its message', async () => {
    const result = await replayEvents(trace(site, messageOf(site)), { kernel });
    const rule = result.rules.find((entry) => entry.id === site.id);
    // Two sites share one text: the first of them speaks for both.
    const twin = ERROR_SITES.find((other) => other.format === site.format && other.kind === site.kind);
    if (twin?.id === site.id) expect(rule).toMatchObject(expectedOf(site));
    else expect(rule).toMatchObject({ findings: 0 });
  });

  test('is silent about an exit for another reason', async () => {
    const other = { ...site, kind: site.kind === 1024 ? 64 : 1024 };
    const result = await replayEvents(trace(other, 'something else entirely'), { kernel });
    // A site that is also predicted has passed only where its precondition was seen.
    const verdict = site.id in SITE_CHECKS ? 'not evaluated' : 'pass';
    expect(result.rules.find((entry) => entry.id === site.id)).toMatchObject({ findings: 0, verdict });
  });

  test('has not passed when no scheduler ended', async () => {
    const result = await replayEvents(trace(site, '').slice(0, 1), { kernel });
    expect(result.rules.find((entry) => entry.id === site.id)?.verdict).toBe('not evaluated');
  });
});

describe('sites whose causes were not recorded', () => {
  /** Sites of one text that a root scheduler meets speak through the first of them. */
  const spoken = ERROR_SITES.filter(
    (site) => ERROR_SITES.find((other) => other.format === site.format && other.kind === site.kind) === site,
  );

  test.each(spoken)('$id is told by its message alone', async (site) => {
    const header = { kernel: site.until ?? '7.3', recorded: ['sched_attach', 'sched_exit'] };
    const { rules } = await replayEvents(trace(site, messageOf(site)), header);
    const { findings, verdict } = rules.find((entry) => entry.id === site.id) ?? {};
    expect(findings).toBe(ORDINARY.has(site.id) ? 0 : 1);
    if (isErrorKind(site.kind)) expect(verdict).toBe('violation');
    else expect(verdict).not.toBe('violation');
    const alone = await replayEvents(trace(site, '').slice(0, 1), header);
    expect(alone.rules.find((entry) => entry.id === site.id)?.verdict).toBe('not evaluated');
  });
});
