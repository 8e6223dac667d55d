// Any trace that can be read can be replayed: no sequence of valid events, however senseless, makes the program fail.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RELEASES } from '../../src/kernel/release.ts';
import { FIELDS, type FieldName } from '../../src/trace/vocabulary/fields.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType } from '../../src/trace/vocabulary/index.ts';
import { type EventJson, replayEvents } from '../support/replay.ts';

const PIDS = new Set<FieldName>(['pid', 'tgid', 'parent', 'old_pid', 'to', 'prev', 'next', 'curr']);
const CPUS = new Set<FieldName>([
  'task_cpu',
  'selected_cpu',
  'holding_cpu',
  'sticky_cpu',
  'rq',
  'target',
  'prev_cpu',
  'orig_cpu',
  'dest_cpu',
  'src',
  'dst',
  'dsq_cpu',
  'exit_cpu',
  'node',
]);

/** Few values, so that events meet. */
function fieldValue(type: EventType, field: FieldName): fc.Arbitrary<unknown> {
  if (field === 'phase') return fc.constantFrom('begin', 'end');
  if (field === 'step') return fc.constantFrom(...(EVENT_SPECS[type].steps ?? ['']));
  if (field === 'result') return fc.constantFrom('inserted', 'dropped', 'fallback');
  if (field === 'verdict') return fc.constantFrom('task', 'none', 'retry');
  if (field === 'sched') return fc.constantFrom(0, 1, 2);
  if (field === 'exit_kind') return fc.constantFrom(64, 65, 66, 68, 1024, 1025, 1026);
  if (PIDS.has(field)) return fc.nat({ max: 5 });
  if (CPUS.has(field)) return fc.constantFrom(-1, 0, 1, 2, 3, 4, 2_147_483_647);
  switch (FIELDS[field].kind) {
    case 'int':
      return fc.integer({ min: -2, max: 5 });
    case 'uint':
      return fc.nat({ max: 5 });
    case 'bool':
      return fc.boolean();
    case 'str':
      return fc.constantFrom('', 'hog-0', 'invalid CPU %d', 'a[b] %s');
    case 'cpus':
      return fc.constantFrom('', '0', '1-2', '0-3');
    case 'dsq':
      return fc.constantFrom(
        'local',
        'global',
        'bypass',
        'invalid',
        'local_on:1',
        'local_on:4095',
        'local_on:4294967295',
        0,
        '0x100',
      );
    case 's64':
      return fc.constantFrom(0, -1, 5);
    default:
      return fc.constantFrom(0, 1, 2, '0x405', '0x200000000000000', '0xffffffffffffffff');
  }
}

const event = (type: EventType): fc.Arbitrary<EventJson> => {
  const { required, optional } = EVENT_SPECS[type];
  const fields = Object.fromEntries([...required, ...optional].map((field) => [field, fieldValue(type, field)]));
  return fc
    .tuple(fc.nat({ max: 3 }), fc.nat({ max: 2_000 }), fc.record(fields, { requiredKeys: [...required] }))
    .map(([cpu, gap, values]) => ({ ...values, ts: gap, cpu, type }));
};

const header = fc.record(
  {
    kernel: fc.constantFrom(...RELEASES),
    hz: fc.constantFrom(100, 250, 1000),
    clock_error_ns: fc.constantFrom(0, 1000),
    cpus: fc.constant({ possible: '0-3', online: '0-2' }),
    schedulers: fc.constant([{ sched: 1, name: 'misb', level: 0, max_batch: 2, timeout_ms: 1 }]),
    tasks: fc.constant([{ pid: 1, comm: 'init', cpus: '0-3', cpu: 0, weight: 100, sched: 1 }]),
    starts_mid_run: fc.boolean(),
  },
  { requiredKeys: [] },
);

test('any sequence of valid events is replayed to a verdict', async () => {
  const events = fc.array(fc.constantFrom(...EVENT_TYPES).chain(event), { minLength: 1, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(header, events, async (head, gaps) => {
      let ts = 0;
      const trace = gaps.map((entry) => {
        ts += entry.ts;
        return { ...entry, ts };
      });
      const result = await replayEvents(trace, head, { explainFidelity: true });
      expect([0, 1, 125]).toContain(result.exit_code);
      expect(result.trace.events.used).toBe(trace.length);
      for (const line of Object.values(result.fidelity)) expect(line.explained).toBeLessThanOrEqual(line.observed);
      for (const rule of result.rules) {
        expect(rule.findings).toBeGreaterThanOrEqual(0);
        if (rule.verdict === 'pass') expect(rule.checked).toBeGreaterThan(0);
        if (rule.verdict === 'not evaluated') expect(rule.reason).not.toBeNull();
      }
      for (const finding of result.findings) expect(finding.evidence.length).toBeGreaterThan(0);
    }),
    { numRuns: 300, seed: 7_030_612 },
  );
});
