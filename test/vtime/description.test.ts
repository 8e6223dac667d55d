// Descriptions: what is wrong with one is said with its field and what is allowed there.
import { describe, expect, test } from 'vitest';
import { BUILTIN_NAMES } from '../../src/vtime/builtins.ts';
import { allBuiltinDomains, loadDomain } from '../../src/vtime/load-domain.ts';

test('every built-in description is one, in every variant', async () => {
  const { descriptionIssues } = await import('../../src/vtime/description-schema.ts');
  const { BUILTINS } = await import('../../src/vtime/builtins.ts');
  for (const json of BUILTINS) expect([json.name, descriptionIssues(json)]).toEqual([json.name, []]);
  expect(BUILTIN_NAMES).toEqual(
    expect.arrayContaining([
      'simple',
      'flatcg',
      'p2dq',
      'layered',
      'rusty',
      'bpfland',
      'lavd',
      'mitosis',
      'mitosis-fix',
    ]),
  );
  expect(allBuiltinDomains().map(({ name }) => name)).toEqual(
    expect.arrayContaining(['mitosis/M0', 'mitosis/M6', 'mitosis/F']),
  );
});

test('settings change single values, a variant comes before them', async () => {
  const domain = await loadDomain('mitosis', ['slice=10ms', 'variant=M4', 'cap.slices=100']);
  expect(domain).toMatchObject({ name: 'mitosis/M4', sliceNs: 10e6, cap: { ns: 1e9, action: 'error' } });
  expect(domain.stopping.map(({ of, when }) => [of, when.map(({ text }) => text)])).toEqual([
    ['cpu', ['!borrowed']],
    ['task', []],
  ]);
});

test('a description of one’s own inherits from a built-in one', async () => {
  const domain = await loadDomain({ name: 'mine', extends: 'simple', slice: '5ms', lag: { ns: '2ms' } });
  expect(domain).toMatchObject({ name: 'mine', sliceNs: 5e6, charge: { source: 'slice' }, lag: { ns: 2e6 } });
});

describe('what makes no sense names the field and what is allowed', () => {
  test.each<[string, unknown, readonly string[], RegExp]>([
    ['a name', 'mitosiss', [], /no built-in description "mitosiss".*mitosis/],
    ['a setting without a description', undefined, ['slice=1ms'], /--set.*--domain/],
    ['a setting without value', 'simple', ['slice'], /--set: expected key=value/],
    ['a duration', { slice: '20 minutes' }, [], /slice.*duration such as 20ms/],
    ['a charge source', { charge: { source: 'wall' } }, [], /charge\.source.*clock.*slice.*none/],
    ['a scope', { bases: [{ id: 'b', scope: 'core' }] }, [], /bases\.0\.scope.*global.*cgroup/],
    ['an advance mode', { advance: [{ on: 'running', mode: 'min' }] }, [], /advance\.0\.mode.*max.*sum.*fraction/],
    ['a predicate', { advance: [{ on: 'running', when: ['big'] }] }, [], /advance\.0\.when\.0.*!borrowed.*weight>=N/],
    ['a rebase event', { rebase: { reset: ['fork'] } }, [], /rebase\.reset\.0.*enable.*init_task/],
    ['an unknown field', { slcie: '1ms' }, [], /slcie/],
    ['an unknown basis', { advance: [{ on: 'running', basis: 'cell' }] }, [], /basis.*cell/],
    ['a variant', 'mitosis', ['variant=M9'], /variant.*M0.*M6.*F.*M9/],
    ['an ancestor', { extends: 'cfs' }, [], /extends.*simple.*mitosis.*cfs/],
    ['a limit', { limits: { horizon: 'soon' } }, [], /limits\.horizon/],
    ['a choice of a limit', 'simple', ['limits.drift=maybe'], /limits\.drift.*bound.*rate.*off/],
  ])('%s', async (_name, source, settings, message) => {
    await expect(loadDomain(source, settings)).rejects.toThrow(message);
    await expect(loadDomain(source, settings)).rejects.toMatchObject({ name: 'UsageError' });
  });
});
