// Every message of the kernel is recognised as what it is, whatever stands around it, and explained completely.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DUMP_CHECKS } from '../../src/dump/checks/index.ts';
import { explainText } from '../../src/explain/explanation.ts';
import { tokenize } from '../../src/explain/format-tokens.ts';
import { matchSite, recognise, siteTexts } from '../../src/explain/recognise.ts';
import { aboutTopic, nearTopics } from '../../src/explain/topic.ts';
import { ERROR_SITES } from '../../src/kernel/error-sites.ts';
import { exitReason } from '../../src/kernel/exit.ts';
import { formatKernel } from '../../src/kernel/format.ts';
import { KERNEL_NOTICES } from '../../src/kernel/warnings.ts';
import { probesOf } from '../../src/probes/needs.ts';
import { SITE_ADVICE } from '../../src/rules/common/site-advice.ts';
import { RULES } from '../../src/rules/index.ts';

const TEXTS = ERROR_SITES.flatMap((site) => siteTexts(site).map((text) => ({ id: site.id, site, text })));

/** Values as the kernel fills them in: names short enough for a task, numbers that fit. */
function argument(letter: string): fc.Arbitrary<string> {
  switch (letter) {
    case 's':
      return fc.constantFrom('hog-1', 'kworker/0:1', 'a b', 'x[1]', 'demo');
    case 'x':
      return fc.integer({ min: 0, max: 0xffffff }).map((value) => value.toString(16));
    case 'b':
      return fc.constantFrom('0', '0-3,7');
    case 'p':
      return fc.constant('00000000deadbeef');
    case 'u':
      return fc.integer({ min: 0, max: 999_999 }).map(String);
    default:
      return fc.integer({ min: -22, max: 4096 }).map(String);
  }
}

const messageOf = (format: string): fc.Arbitrary<string> =>
  fc
    .tuple(...tokenize(format).conversions.map(({ letter }) => argument(letter)))
    .map((args) => formatKernel(format, args));

/** The site, or one with the very same text. */
const isOne = (message: string, id: string, format: string, kind?: number): boolean => {
  const match = matchSite(message, kind);
  if (match === undefined) return false;
  return match.site.id === id || (match.text.format === format && match.twins.some((twin) => twin.id === id));
};

describe('every text of every site', () => {
  test.each(TEXTS)('$id: $text.format', ({ id, site, text }) => {
    fc.assert(
      fc.property(messageOf(text.format), (message) => {
        expect(isOne(message, id, text.format, site.kind), message).toBe(true);
        const reason = exitReason(site.kind);
        for (const around of [
          `EXIT: ${reason} (${message})`,
          `EXIT: ${reason} (${message}) on CPU 12`,
          `  ${reason} (${message})`,
          `[  12.345678] sched_ext: demo: ${message}`,
          `Jul 13 00:36:12 host kernel: sched_ext: demo: ${message}`,
          `"${message}"`,
        ]) {
          const found = recognise(around);
          expect(found?.what, around).toBe('site');
          if (found?.what !== 'site') continue;
          const same = [found.match.site, ...found.match.twins].some((one) => one.id === id);
          // Words may fit a longer text of another site; then that one has them all.
          expect(same || found.match.text.format.length >= text.format.length, around).toBe(true);
        }
      }),
      { numRuns: 5 },
    );
  });
});

test('the fields of a message have names, and meanings where they need them', () => {
  const of = (message: string) => explainText(message)?.values;
  expect(of('SCX_DSQ_LOCAL[_ON] target CPU 1 not allowed for hog-3[508]')).toEqual([
    { name: 'cpu', text: '1', meaning: null },
    { name: 'task', text: 'hog-3[508]', meaning: null },
  ]);
  expect(of('hog-1[1792] failed to run for 1.712s')).toEqual([
    { name: 'task', text: 'hog-1[1792]', meaning: null },
    { name: 'time', text: '1.712 s', meaning: null },
  ]);
  expect(of('invalid enq_flags 0x100000001')?.[0]).toMatchObject({ name: 'enq_flags', meaning: 'WAKEUP | PREEMPT' });
  expect(of('ops.init() failed (-12)')?.[0]).toMatchObject({ text: '-12', meaning: expect.stringContaining('ENOMEM') });
  expect(of('DSQ 0x8000000000000001 not allowed for reenq')?.[0]).toMatchObject({ name: 'dsq', meaning: 'global' });
  expect(of('invalid CPU -16')?.[0]?.meaning).toMatch(/EBUSY.*no CPU/);
});

test('older words are recognised, and the words of other releases shown', () => {
  const explanation = explainText('SCX_DSQ_LOCAL[_ON] verdict target cpu 1 not allowed for a b[7]');
  expect(explanation).toMatchObject({ id: 'dispatch-disallowed-cpu', versions: '6.12 to 6.13' });
  expect(explanation?.other_texts).toEqual([
    { format: 'SCX_DSQ_LOCAL[_ON] target CPU %d not allowed for %s[%d]', versions: '6.14 on' },
  ]);
});

test('a message that is cut is recognised by its beginning', () => {
  const explanation = explainText('EXIT: runtime error (SCX_DSQ_LOCAL[_ON] target CPU 1 not all');
  expect(explanation).toMatchObject({ id: 'dispatch-disallowed-cpu', cut: true });
});

test('words of a BPF program are not taken for words of the kernel', () => {
  const explanation = explainText('EXIT: scx_bpf_error (main.bpf.c:41: invalid CPU 7)');
  expect(explanation).toMatchObject({ id: 'bpf-error', exit: { kind: 1025 } });
  expect(explanation?.message).toBe('main.bpf.c:41: invalid CPU 7');
});

test('an exit without words is explained by its reason', () => {
  expect(explainText('EXIT: unregistered from user space')).toMatchObject({ id: 'unregistered', what: 'exit' });
  expect(explainText('killed by parent scheduler')).toMatchObject({ id: 'sub-kill-exit' });
  expect(explainText('EXIT: killed by parent scheduler (too slow)')).toMatchObject({
    id: 'sub-kill-exit',
    message: 'too slow',
  });
});

describe('explanations are complete', () => {
  test.each(ERROR_SITES.map((site) => [site.id, site] as const))('%s', (_, site) => {
    const text = siteTexts(site).at(-1);
    const explanation = explainText(
      text === undefined ? exitReason(site.kind) : text.format.replace(/%[*0]?\d*(?:ll|l)?(?:pbl|[sdiuxp])/g, '1'),
    );
    expect(explanation).toBeDefined();
    expect(explanation?.meaning).not.toBe('');
    expect(explanation?.causes.length).toBeGreaterThan(0);
    expect(explanation?.avoid).not.toBe('');
  });
});

test('advice is about sites that exist', () => {
  const ids = new Set(ERROR_SITES.map(({ id }) => id));
  expect(Object.keys(SITE_ADVICE).filter((id) => !ids.has(id))).toEqual([]);
});

test.each(KERNEL_NOTICES.map(({ id, format }) => [id, format] as const))('the log line of %s', (id, format) => {
  const text = formatKernel(
    format,
    tokenize(format).conversions.map(({ letter }) => (letter === 's' ? 'demo' : '7')),
  );
  expect(explainText(`[   12.000000] sched_ext: ${text}`)).toMatchObject({ what: 'notice', id });
});

test('every rule is a topic, with the probes that show it', () => {
  for (const rule of RULES) {
    const topic = aboutTopic(rule.id);
    expect(topic).toMatchObject({ kind: 'rule', id: rule.id });
    const recorded = rule.needs.flat().some((name) => probesOf(name).length > 0);
    if (topic?.kind === 'rule') expect(topic.record.probes.length > 0, rule.id).toBe(recorded);
  }
});

test('checks of dumps and of texts are topics', () => {
  for (const id of [...DUMP_CHECKS.map((check) => check.id), 'kernel-warning'])
    expect(aboutTopic(id), id).toMatchObject({ kind: 'dump-check', id });
});

test('what is not known is answered with what is near', () => {
  expect(aboutTopic('dispatch-disalowed')).toBeUndefined();
  expect(nearTopics('disallowed-cpu')).toContain('dispatch-disallowed-cpu');
  expect(nearTopics('target CPU 1 was not allowed for hog')[0]).toContain('dispatch-disallowed-cpu');
  expect(nearTopics('')).toEqual([]);
});

test('no text makes it fail', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[%()[\]:0-9a-fx ]*$/)),
      (text) => {
        expect(() => aboutTopic(text)).not.toThrow();
        expect(() => nearTopics(text)).not.toThrow();
      },
    ),
    { numRuns: 200 },
  );
});
