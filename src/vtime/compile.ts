// Compiles a description whose fields are known to be well-formed; checks what one field says about another.
import { UsageError } from '../errors.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { highHalf, lowHalf, parseInteger } from '../trace/u64.ts';
import type {
  AdvanceJson,
  BasisJson,
  DescriptionJson,
  MatchJson,
  QueueJson,
  RebaseEvent,
  TimeJson,
} from './description.ts';
import {
  type AdvanceLine,
  type BasisSpec,
  type BitField,
  type Domain,
  type GroupMap,
  type Lag,
  PRED_BELOW,
  PRED_BORROWED,
  PRED_CHARGE_IS_CPU,
  PRED_LLC_AWARE,
  PRED_PINNED,
  PRED_TASK_IS_CPU,
  PRED_WEIGHT,
  type Predicate,
  type QueueSpec,
} from './domain.ts';
import { parseDuration } from './durations.ts';
import { Limits } from './limits.ts';

const DEFAULT_SLICE = '20ms';
const DEFAULT_WATCHDOG = '30s';

/** Compiles a description. A reference to something that it does not define is a UsageError that names the field. */
export function compileDomain(json: DescriptionJson): Domain {
  return new Compiler(json).compile();
}

let auto: Domain | undefined;

/** What is assumed when nothing is described: ordered DSQs with one basis each that follows at running. Always the same object. */
export function autoDomain(): Domain {
  auto ??= compileAuto();
  return auto;
}

function compileAuto(): Domain {
  const compiled = compileDomain({ name: 'auto', charge: { source: 'none' } });
  const basis: BasisSpec = { index: 0, id: 'basis', scope: 'queue', init: undefined };
  const queue = compiled.queues[0];
  return {
    ...compiled,
    auto: true,
    bases: [basis],
    queues: queue === undefined ? [] : [{ ...queue, basis, drift: [basis] }],
    lag: undefined,
    running: [{ on: 'running', basis, of: 'queue', from: undefined, mode: 'max', when: [] }],
    followsAt: () => 'running',
  };
}

const wide = (value: number | string): bigint =>
  typeof value === 'number' ? BigInt(value) : (parseInteger(value) ?? 0n);
const duration = (value: TimeJson): number => parseDuration(value) ?? 0;

class Compiler {
  readonly #json: DescriptionJson;
  readonly #sliceNs: number;
  readonly #bases: readonly BasisSpec[];
  readonly #llcAware: boolean;

  constructor(json: DescriptionJson) {
    this.#json = json;
    this.#sliceNs = duration(json.slice ?? DEFAULT_SLICE);
    if (this.#sliceNs === 0) throw this.#bad('slice', 'must be greater than 0');
    this.#bases = (json.bases ?? [{ id: 'vtime_now', scope: 'global' }]).map((basis, index) =>
      this.#basis(basis, index),
    );
    this.#llcAware = this.#bases.some((basis) => basis.scope === 'llc' || basis.scope === 'group+llc');
  }

  compile(): Domain {
    const json = this.#json;
    const queues = this.#queues(json.queues ?? [{ name: 'all' }]);
    const advance = (json.advance ?? [{ on: 'running' as const }]).map((line, i) => this.#advance(line, i));
    const on = (event: AdvanceLine['on']): readonly AdvanceLine[] => advance.filter((line) => line.on === event);
    const { cap } = json;
    return {
      name: json.name ?? 'description',
      auto: false,
      sliceNs: this.#sliceNs,
      taskGroups: this.#taskGroups(),
      cpuGroups: this.#cpuGroups(),
      initialGroup: json.groups?.initial ?? -1,
      bases: this.#bases,
      queues,
      charge: {
        source: json.charge?.source ?? 'clock',
        num: json.charge?.num ?? 100,
        minNs: duration(json.charge?.min ?? 0),
        yieldSlice: json.charge?.yield === 'slice',
        capacity: json.charge?.capacity === true,
      },
      privateAccumulator: json.accumulator === 'private',
      lag: this.#lag(),
      cap:
        cap === undefined || cap === 'none'
          ? undefined
          : {
              ns: cap.ns === undefined ? (cap.slices ?? 0) * this.#sliceNs : duration(cap.ns),
              action: cap.action ?? 'error',
            },
      keyOffsetMaxNs: duration(json.keyOffsetMax ?? 0),
      running: on('running'),
      stopping: on('stopping'),
      retag: on('retag'),
      chargeGroup: {
        normal: json.chargeGroup?.default ?? 'task',
        pinned: json.chargeGroup?.pinned ?? json.chargeGroup?.default ?? 'task',
      },
      vtimeCommit: json.vtimeCommit ?? 'auto',
      reset: new Set<RebaseEvent>(json.rebase?.reset),
      translate: new Set<RebaseEvent>(json.rebase?.translate),
      unsignedCompare: json.compare === 'unsigned',
      watchdogNs: duration(json.watchdog ?? DEFAULT_WATCHDOG),
      llcAware: this.#llcAware,
      limits: new Limits(json.limits ?? {}, this.#sliceNs),
      followsAt: (basis) => {
        const lines = advance.filter((line) => line.basis === basis && line.mode === 'max');
        if (lines.some((line) => line.on === 'running')) return 'running';
        return lines.some((line) => line.on === 'stopping') ? 'stopping' : 'none';
      },
    };
  }

  #bad(field: string, what: string): UsageError {
    return new UsageError(`domain ${this.#json.name ?? 'description'}: ${field}: ${what}`);
  }

  #basis({ id, scope, init }: BasisJson, index: number): BasisSpec {
    const value = init === undefined || init === 'unknown' ? undefined : wide(init);
    return {
      index,
      id,
      scope,
      init: value === undefined ? undefined : { hi: highHalf(value), lo: lowHalf(value) },
    };
  }

  #basisNamed(field: string, id: string | undefined): BasisSpec {
    const found = id === undefined ? this.#bases[0] : this.#bases.find((basis) => basis.id === id);
    if (found !== undefined) return found;
    throw this.#bad(
      field,
      `expected one of ${this.#bases.map((basis) => basis.id).join(', ')}; found ${JSON.stringify(id)}`,
    );
  }

  #queues(list: readonly QueueJson[]): readonly QueueSpec[] {
    const names = list.map((queue) => queue.name);
    const queueNamed = (field: string, name: string): number => {
      const index = names.indexOf(name);
      if (index < 0) throw this.#bad(field, `expected one of ${names.join(', ')}; found ${JSON.stringify(name)}`);
      return index;
    };
    return list.map((queue, index) => {
      const field = `queues.${index}`;
      const basis = this.#basisNamed(`${field}.basis`, queue.basis);
      return {
        index,
        name: queue.name,
        match: compileMatch(queue.match),
        cpu: this.#bits(`${field}.index.cpu`, queue.index?.cpu),
        llc: this.#bits(`${field}.index.llc`, queue.index?.llc),
        group: this.#bits(`${field}.index.group`, queue.index?.group),
        basis,
        drift: queue.drift?.map((id, i) => this.#basisNamed(`${field}.drift.${i}`, id)) ?? [basis],
        compareWith: (queue.compareWith ?? []).map((name, i) => queueNamed(`${field}.compareWith.${i}`, name)),
        tie: queue.tie === undefined ? -1 : queueNamed(`${field}.tie`, queue.tie),
      };
    });
  }

  #bits(field: string, text: string | undefined): BitField | undefined {
    if (text === undefined) return undefined;
    const [high = 0, low = high] = text.split(':').map(Number);
    if (high < low || high > 63 || high - low > 30)
      throw this.#bad(field, `expected bits such as 27:16; found ${JSON.stringify(text)}`);
    return { shift: low, width: high - low + 1 };
  }

  #advance(line: AdvanceJson, i: number): AdvanceLine {
    const field = `advance.${i}`;
    const basis = this.#basisNamed(`${field}.basis`, line.basis);
    const of = line.of ?? (line.on === 'retag' ? 'newGroup' : 'queue');
    if ((of === 'newGroup') !== (line.on === 'retag'))
      throw this.#bad(`${field}.of`, '"newGroup" belongs to "on": "retag", and nothing else does');
    if (of === 'charge' && !basis.scope.startsWith('group'))
      throw this.#bad(`${field}.of`, '"charge" is a group; the basis has no group scope');
    if (line.from === 'v' && line.on === 'retag')
      throw this.#bad(`${field}.from`, 'a CPU that changes its group has no vtime; name a basis');
    const from =
      line.from === undefined || line.from === 'v' ? undefined : this.#basisNamed(`${field}.from`, line.from);
    if (line.on === 'retag' && from === undefined)
      throw this.#bad(`${field}.from`, 'name the basis whose value is carried along');
    return {
      on: line.on,
      basis,
      of,
      from,
      mode: line.mode ?? 'max',
      when: (line.when ?? []).map(compilePredicate),
    };
  }

  #lag(): Lag | undefined {
    const { lag } = this.#json;
    if (lag === 'none') return undefined;
    const factorMax = lag?.factorMax ?? 1;
    return {
      ns: lag?.ns === undefined ? this.#sliceNs : duration(lag.ns),
      weight: lag?.weight ?? 'none',
      factorMin: lag?.factorMax === undefined ? 1 : 0,
      factorMax,
      floorZero: lag?.floorZero === true,
    };
  }

  #taskGroups(): GroupMap {
    const groups = this.#json.groups;
    if (groups?.task === undefined) return { kind: 'none' };
    if (groups.task === 'event') return { kind: 'event' };
    if (groups.task !== 'cgroup') return { kind: 'tasks', groups: new Map(Object.entries(groups.task)) };
    if (groups.cgroups === undefined) throw this.#bad('groups.cgroups', 'say which cgroup path belongs to which group');
    return { kind: 'cgroup', groups: new Map(Object.entries(groups.cgroups)) };
  }

  #cpuGroups(): GroupMap {
    const groups = this.#json.groups;
    if (groups?.cpu === undefined) return { kind: 'none' };
    if (groups.cpu === 'event') return { kind: 'event' };
    return {
      kind: 'cpus',
      groups: Object.entries(groups.cpu).map(([list, group]) => {
        const cpus = CpuMask.fromList(list);
        if (cpus === undefined)
          throw this.#bad('groups.cpu', `expected cpulists such as 0-3,8; found ${JSON.stringify(list)}`);
        return { cpus, group };
      }),
    };
  }
}

function compileMatch(match: MatchJson | undefined): QueueSpec['match'] {
  if (match === undefined) return { kind: 'any' };
  if (match === 'cgroup-id') return { kind: 'cgroup' };
  if ('range' in match) return { kind: 'range', from: wide(match.range[0]), to: wide(match.range[1]) };
  const [mask, value] =
    'id' in match ? [0xffff_ffff_ffff_ffffn, wide(match.id)] : [wide(match.mask), wide(match.value)];
  return { kind: 'mask', maskHi: highHalf(mask), maskLo: lowHalf(mask), hi: highHalf(value), lo: lowHalf(value) };
}

const PREDICATE_KINDS: Readonly<Record<string, number>> = {
  borrowed: PRED_BORROWED,
  pinned: PRED_PINNED,
  'charge==cpu': PRED_CHARGE_IS_CPU,
  'task==cpu': PRED_TASK_IS_CPU,
  llcAware: PRED_LLC_AWARE,
};

function compilePredicate(text: string): Predicate {
  const below = /^below:(.+)$/.exec(text)?.[1];
  if (below !== undefined) return { kind: PRED_BELOW, negated: false, value: duration(below), text };
  const weight = /^weight>=(\d+)$/.exec(text)?.[1];
  if (weight !== undefined) return { kind: PRED_WEIGHT, negated: false, value: Number(weight), text };
  const negated = text.startsWith('!') || text.includes('!=');
  const positive = text.replace(/^!/, '').replace('!=', '==');
  return { kind: PREDICATE_KINDS[positive] ?? PRED_BORROWED, negated, value: 0, text };
}
