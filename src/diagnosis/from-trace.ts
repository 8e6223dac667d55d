// Takes debug dumps out of a trace: the lines of its dump events, the exits that it shows, and the timeouts in force.

import type { ParsedText } from '../dump/dump.ts';
import { parseDumpText } from '../dump/parse.ts';
import { InputError } from '../errors.ts';
import { exitReason } from '../kernel/exit.ts';
import { WATCHDOG_MAX_TIMEOUT_MS } from '../kernel/limits.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { formatSchedId } from '../trace/describe.ts';
import type { TraceEvent } from '../trace/event.ts';
import { toSignedBigInt } from '../trace/u64.ts';
import { KIND } from '../trace/vocabulary/index.ts';
import type { ExitReport } from './exits.ts';

export interface TraceDumps {
  readonly parsed: ParsedText;
  readonly exits: readonly ExitReport[];
  /** Place of a line in the trace. */
  positionOf(line: number): string | null;
  /** Time of a line, ns of the trace's clock. */
  timeOf(line: number): bigint | undefined;
  /** Watchdog timeout of the root scheduler at a line, ms. */
  timeoutAt(line: number): number | undefined;
  /** What ended the trace early. */
  readonly damage: InputError | undefined;
}

interface Place {
  /** Number of the first line of the event's text. */
  readonly line: number;
  readonly position: string;
  readonly t: number;
  readonly timeoutMs: number | undefined;
}

/** An exit as the trace tells of it, piece by piece. */
interface Exit {
  /** Undefined until an event names the instance. */
  id: string | undefined;
  kind: number;
  code: bigint | undefined;
  message: string | undefined;
  cpu: number;
  scheduler: string;
  line: number;
}

/** Reads a trace to its end, or to where it is damaged. */
export function dumpsOfTrace(trace: OpenTrace): TraceDumps {
  const lines: string[] = [];
  const places: Place[] = [];
  const exits = new TraceExits();
  let timeoutMs: number | undefined;
  const at = (event: TraceEvent): Place => ({
    line: lines.length + 1,
    position: trace.positionOf(event),
    t: event.t,
    timeoutMs,
  });
  let damage: InputError | undefined;
  try {
    trace.run({
      event(event) {
        switch (event.kind) {
          case KIND.dump:
            places.push(at(event));
            lines.push(...event.text.split('\n'));
            break;
          case KIND.sched_attach:
            exits.attach(event);
            if (event.has('timeout_ms') && event.level <= 0) timeoutMs = event.timeout_ms || WATCHDOG_MAX_TIMEOUT_MS;
            break;
          case KIND.sched_exit:
            if (exits.take(event, lines.length + 1)) places.push(at(event));
            break;
          default:
        }
        return true;
      },
    });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    damage = error;
  }
  const parsed = parseDumpText(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  const placeOf = (line: number): Place | undefined => places.findLast((place) => place.line <= line);
  return {
    parsed,
    exits: exits.all.map((exit) => ({
      source: 'trace',
      line: exit.line,
      scheduler: exit.scheduler,
      kind: exit.kind,
      reason: exitReason(exit.kind),
      message: exit.message ?? '',
      cut: exit.message === undefined,
      cpu: exit.cpu < 0 ? undefined : exit.cpu,
      code: exit.code,
    })),
    positionOf: (line) => placeOf(line)?.position ?? null,
    timeOf(line) {
      const place = placeOf(line);
      return place === undefined ? undefined : trace.timeBase + BigInt(place.t);
    },
    timeoutAt: (line) => placeOf(line)?.timeoutMs,
    damage,
  };
}

/** The exits of a trace: the first claim of an instance counts, what comes later completes it. */
class TraceExits {
  readonly #exits: Exit[] = [];
  /** Error sites that were reached: exits only where the trace shows no claims (older kernels). */
  readonly #errors: Exit[] = [];
  readonly #names = new Map<string | undefined, string>();
  #claimsShown = false;

  attach(event: TraceEvent): void {
    if (event.name !== '') this.#names.set(idOf(event), event.name);
  }

  /** False when the event tells of no exit that was not known before. */
  take(event: TraceEvent, line: number): boolean {
    const { step, phase } = event;
    if (!event.has('exit_kind') || (step === 'claim' && phase === 'begin')) return false;
    const id = idOf(event);
    if (step === 'error') {
      if (this.#errors.some((exit) => exit.id === id)) return false;
      this.#errors.push(this.#complete(this.#begin(event, id, line), event));
      return true;
    }
    this.#claimsShown = true;
    // A claim that came too late changes nothing.
    if (step === 'claim' && event.has('ret') && event.ret === 0) return false;
    const known = this.#find(event, id);
    if (known !== undefined && known.kind !== event.exit_kind) return false;
    const exit = known ?? this.#begin(event, id, line);
    exit.id ??= id;
    this.#complete(exit, event);
    if (known === undefined) this.#exits.push(exit);
    return known === undefined;
  }

  get all(): readonly Exit[] {
    return this.#claimsShown ? this.#exits : this.#errors;
  }

  /** The exit of an instance. The kernel's own trace event names no id, only the scheduler: it comes between others. */
  #find(event: TraceEvent, id: string | undefined): Exit | undefined {
    const same = (exit: Exit): boolean => exit.kind === event.exit_kind && exit.scheduler === this.#nameOf(event, id);
    if (id === undefined) return this.#exits.findLast((exit) => same(exit) && exit.message === undefined);
    return (
      this.#exits.find((exit) => exit.id === id) ?? this.#exits.findLast((exit) => exit.id === undefined && same(exit))
    );
  }

  #begin(event: TraceEvent, id: string | undefined, line: number): Exit {
    const scheduler = this.#nameOf(event, id);
    return { id, kind: event.exit_kind, code: undefined, message: undefined, cpu: -1, scheduler, line };
  }

  #complete(exit: Exit, event: TraceEvent): Exit {
    if (event.has('code')) exit.code ??= toSignedBigInt(event.code_hi, event.code_lo);
    if (event.step === 'message' && event.has('msg')) exit.message ??= event.msg;
    if (event.exit_cpu >= 0) exit.cpu = event.exit_cpu;
    return exit;
  }

  #nameOf(event: TraceEvent, id: string | undefined): string {
    return id === undefined ? event.name : (this.#names.get(id) ?? event.name);
  }
}

/** A scheduler instance as text, to tell it from others; undefined when the event does not name one. */
function idOf(event: TraceEvent): string | undefined {
  return event.has('sched') ? formatSchedId(event.sched_hi, event.sched_lo) : undefined;
}
