// The vocabulary of domain descriptions: how a scheduler keeps vtime, as people write it down in JSON.
import type { LimitsJson } from './limits.ts';

export const SCOPES = ['global', 'cpu', 'llc', 'node', 'group', 'group+llc', 'cgroup'] as const;
export const CHARGE_SOURCES = ['clock', 'slice', 'none'] as const;
export const ACCUMULATORS = ['dsq_vtime', 'private'] as const;
export const LAG_WEIGHTS = ['none', 'mul', 'inv'] as const;
export const CAP_ACTIONS = ['error', 'clamp'] as const;
export const ADVANCE_EVENTS = ['running', 'stopping', 'retag'] as const;
export const ADVANCE_MODES = ['max', 'sum', 'fraction'] as const;
export const INSTANCES = ['queue', 'cpu', 'task', 'charge', 'newGroup'] as const;
export const CHARGE_GROUPS = ['task', 'cpu'] as const;
export const COMMITS = ['auto', 'kfunc', 'enqueue'] as const;
export const COMPARES = ['wrap', 'unsigned'] as const;
export const REBASE_EVENTS = [
  'enable',
  'init_task',
  'set_cpumask',
  'group_change',
  'domain_change',
  'cgroup_move',
] as const;
export const PREDICATES = [
  'borrowed',
  '!borrowed',
  'pinned',
  '!pinned',
  'charge==cpu',
  'charge!=cpu',
  'task==cpu',
  'task!=cpu',
  'llcAware',
] as const;
/** Predicates with an argument: `below:` a duration, `weight>=` a number. */
export const PREDICATE_PATTERNS = [/^below:(.+)$/, /^weight>=(\d+)$/] as const;

export type Scope = (typeof SCOPES)[number];
export type Instance = (typeof INSTANCES)[number];
export type AdvanceMode = (typeof ADVANCE_MODES)[number];
export type RebaseEvent = (typeof REBASE_EVENTS)[number];

/** A duration: ns, or text with `ns`, `us`, `ms`, `s`. */
export type TimeJson = string | number;

export interface BasisJson {
  readonly id: string;
  readonly scope: Scope;
  /** Value when the scheduler is loaded; counts only where the trace shows the loading. */
  readonly init?: number | string | undefined;
}

/** Which DSQs a queue stands for. */
export type MatchJson =
  | 'cgroup-id'
  | { readonly id: number | string }
  | { readonly mask: number | string; readonly value: number | string }
  | { readonly range: readonly [number | string, number | string] };

export interface QueueJson {
  readonly name: string;
  readonly match?: MatchJson | undefined;
  /** Bit fields of the DSQ id, `high:low`, or a single bit. */
  readonly index?:
    | { readonly cpu?: string | undefined; readonly llc?: string | undefined; readonly group?: string | undefined }
    | undefined;
  readonly basis?: string | undefined;
  readonly drift?: readonly string[] | undefined;
  readonly compareWith?: readonly string[] | undefined;
  readonly tie?: string | undefined;
}

export interface AdvanceJson {
  readonly on: (typeof ADVANCE_EVENTS)[number];
  readonly basis?: string | undefined;
  readonly of?: Instance | undefined;
  readonly from?: string | undefined;
  readonly mode?: AdvanceMode | undefined;
  readonly when?: readonly string[] | undefined;
}

export interface LagJson {
  readonly ns?: TimeJson | undefined;
  readonly weight?: (typeof LAG_WEIGHTS)[number] | undefined;
  readonly factorMax?: number | undefined;
  readonly floorZero?: boolean | undefined;
}

export interface DescriptionJson {
  readonly name?: string | undefined;
  readonly extends?: string | undefined;
  readonly comment?: string | undefined;
  readonly slice?: TimeJson | undefined;
  readonly groups?:
    | {
        readonly task?: 'event' | 'cgroup' | Readonly<Record<string, number>> | undefined;
        readonly cpu?: 'event' | Readonly<Record<string, number>> | undefined;
        /** Group by cgroup path, for `task: "cgroup"`; the nearest ancestor counts. */
        readonly cgroups?: Readonly<Record<string, number>> | undefined;
        /** Group of every task and CPU when the scheduler is loaded. */
        readonly initial?: number | undefined;
      }
    | undefined;
  readonly bases?: readonly BasisJson[] | undefined;
  readonly queues?: readonly QueueJson[] | undefined;
  readonly charge?:
    | {
        readonly source?: (typeof CHARGE_SOURCES)[number] | undefined;
        readonly num?: number | undefined;
        readonly min?: TimeJson | undefined;
        readonly yield?: 'none' | 'slice' | undefined;
        readonly capacity?: boolean | undefined;
      }
    | undefined;
  readonly accumulator?: (typeof ACCUMULATORS)[number] | undefined;
  readonly lag?: LagJson | 'none' | undefined;
  readonly cap?:
    | {
        readonly ns?: TimeJson | undefined;
        readonly slices?: number | undefined;
        readonly action?: (typeof CAP_ACTIONS)[number] | undefined;
      }
    | 'none'
    | undefined;
  readonly keyOffsetMax?: TimeJson | undefined;
  readonly advance?: readonly AdvanceJson[] | undefined;
  readonly chargeGroup?:
    | {
        readonly default?: (typeof CHARGE_GROUPS)[number] | undefined;
        readonly pinned?: (typeof CHARGE_GROUPS)[number] | undefined;
      }
    | undefined;
  readonly vtimeCommit?: (typeof COMMITS)[number] | undefined;
  readonly rebase?:
    | { readonly reset?: readonly RebaseEvent[] | undefined; readonly translate?: readonly RebaseEvent[] | undefined }
    | undefined;
  readonly compare?: (typeof COMPARES)[number] | undefined;
  readonly watchdog?: TimeJson | undefined;
  readonly limits?: LimitsJson | undefined;
  /** Which of `variants` is in force. */
  readonly variant?: string | undefined;
  /** Changes to this description by name. */
  readonly variants?: Readonly<Record<string, VariantJson>> | undefined;
}

export type VariantJson = Omit<DescriptionJson, 'name' | 'extends' | 'variant' | 'variants'>;
