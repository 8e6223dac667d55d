// Workflow commands of GitHub Actions: one line each, whatever the texts hold, at the line of the event.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeWithBaseline, makeBaseline } from '../../src/findings/baseline.ts';
import { renderGithub } from '../../src/report/github.ts';
import { passingResult, violatingResult } from '../support/results.ts';

describe('annotations', () => {
  test('a violation is an error at file and line', async () => {
    const text = renderGithub([await violatingResult()], [], { perRule: 5 });
    expect(text.split('\n')[0]).toBe(
      '::error file=trace,line=3,title=switch-chain-broken::CPU 0 switches away from pid 101, but it had switched to pid 100' +
        '%0A1000 ns CPU 0 switch idle → hog-0[100] (the switch before)%0A2000 ns CPU 0 switch slp-1[101] → idle',
    );
  });

  test('nothing for what passes, what is known, and what concludes nothing', async () => {
    const result = await violatingResult();
    const known = judgeWithBaseline(result, makeBaseline([result]), { strict: false });
    const findings = result.findings.map((finding) => ({ ...finding, verdict: 'inconclusive' as const }));
    const text = renderGithub([await passingResult(), known, { ...result, findings }], [], { perRule: 5 });
    expect(text).not.toContain('::');
  });

  test('findings beyond the limit are one notice', async () => {
    const result = await violatingResult();
    const findings = [1, 2, 3].flatMap(() => result.findings);
    const lines = renderGithub([{ ...result, findings }], [], { perRule: 1 }).split('\n');
    expect(lines.filter((line) => line.startsWith('::error'))).toHaveLength(1);
    expect(lines).toContain('::notice file=trace,title=switch-chain-broken::2 more of switch-chain-broken');
  });

  test('any text stays on its line and in its place', async () => {
    const result = await violatingResult();
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const findings = result.findings.map((finding) => ({ ...finding, message: text, evidence: [] }));
        const trace = { ...result.trace, path: text };
        const [line = ''] = renderGithub([{ ...result, trace, findings }], [], { perRule: 1 }).split('\n');
        const [, file = '', message = ''] =
          /^::error file=([^,:\r]*),title=switch-chain-broken::([^\r]*)$/.exec(line) ?? [];
        expect(decodeURIComponent(file)).toBe(text);
        expect(decodeURIComponent(message)).toBe(text);
      }),
    );
  });
});
