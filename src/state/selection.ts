// Chooses the parts of the model that a user asks for, by pid, CPU, DSQ and scheduler; what is not there is an error that says what is.
import { InputError } from '../errors.ts';
import { DSQ_LOCAL, formatDsqId, isBuiltinId, isLocalOn, parseDsqId } from '../kernel/dsq-id.ts';
import type { Cpu } from '../model/cpu.ts';
import type { Dsq } from '../model/dsq.ts';
import type { Model } from '../model/model.ts';
import type { Sched } from '../model/sched.ts';
import type { Task } from '../model/task.ts';
import type { Selection } from './document.ts';
import { schedId } from './view-context.ts';

/** How many neighbours an error names. */
const SUGGESTIONS = 6;

export interface Selected {
  readonly tasks: readonly Task[];
  readonly cpus: readonly Cpu[];
  readonly dsqs: readonly Dsq[];
  readonly scheds: readonly Sched[];
}

export function selectFrom(model: Model, selection: Selection, path: string): Selected {
  return {
    tasks: selection.pids.map((pid) => findTask(model, pid, path)),
    cpus: selection.cpus.map((id) => findCpu(model, id, path)),
    dsqs: selection.dsqs.flatMap((name) => findDsqs(model, name, path)),
    scheds: selection.scheds.flatMap((name) => findScheds(model, name, path)),
  };
}

/** Every DSQ that the model knows, local ones included. */
export function allDsqs(model: Model): Dsq[] {
  const dsqs = new Set<Dsq>();
  for (const cpu of model.cpus) if (cpu.local !== undefined) dsqs.add(cpu.local);
  for (const dsq of model.dsqs()) dsqs.add(dsq);
  return [...dsqs];
}

export function findTask(model: Model, pid: number, path: string): Task {
  const known = model.findTask(pid);
  if (known !== undefined) return known;
  // Named by the header alone: the model makes a task when it is first asked for.
  if (model.header.tasks.some((task) => task.pid === pid)) return model.task(pid);
  const tasks = [...model.tasks()];
  const nearest = tasks
    .toSorted((a, b) => Math.abs(a.pid - pid) - Math.abs(b.pid - pid) || a.pid - b.pid)
    .slice(0, SUGGESTIONS)
    .toSorted((a, b) => a.pid - b.pid);
  throw missing(
    path,
    `no event up to here names pid ${pid}`,
    nearest.map((task) => task.label),
    tasks.length,
  );
}

export function findCpu(model: Model, id: number, path: string): Cpu {
  const cpu = model.cpus[id];
  if (cpu !== undefined && model.isPossibleCpu(id) !== 0) return cpu;
  const ids = model.cpus.filter((entry) => model.isPossibleCpu(entry.id) !== 0).map((entry) => String(entry.id));
  throw missing(path, `there is no CPU ${id}`, ids.slice(0, 64), ids.length);
}

/**
 * DSQs by name (`local:3`, `local_on:3`, `global`, `bypass:2`, `0x100`). A name that several have (of different owners, or
 * `local` without a CPU) means all of them; destroyed ones only when no other has it.
 */
export function findDsqs(model: Model, name: string, path: string): Dsq[] {
  const fits = allDsqs(model).filter((dsq) => isNamed(dsq, name));
  const living = fits.filter((dsq) => !dsq.destroyed && dsq.sched?.gone !== true);
  if (fits.length > 0) return living.length > 0 ? living : fits;
  const names = [...new Set(allDsqs(model).map((dsq) => dsq.name))].toSorted();
  throw missing(path, `no event up to here names DSQ ${name}`, names.slice(0, 40), names.length);
}

/** Scheduler instances by id or name. */
export function findScheds(model: Model, name: string, path: string): Sched[] {
  const fits = model.scheds.filter((sched) => String(schedId(sched)) === name || sched.name === name);
  if (fits.length > 0) return fits;
  const known = model.scheds.map((sched) => `${sched.label} (${schedId(sched)})`);
  throw missing(path, `no scheduler ${JSON.stringify(name)} up to here`, known.slice(0, 40), known.length);
}

/** Does a DSQ answer to that name? */
export function isNamed(dsq: Dsq, name: string): boolean {
  if (dsq.name === name) return true;
  const [, base = name, instance] = /^([a-z_]+|0x[0-9a-f]+|\d+)(?::(\d+))?$/i.exec(name) ?? [];
  if (instance === undefined) {
    const id = parseDsqId(base);
    return id !== undefined && id.hi === dsq.idHi && id.lo === dsq.idLo;
  }
  const id = parseDsqId(name);
  if (id !== undefined && isLocalOn(id.hi))
    return isBuiltinId(dsq.idHi, dsq.idLo, DSQ_LOCAL) && dsq.cpu === Number(instance);
  return formatDsqId(dsq.idHi, dsq.idLo) === base && Math.max(dsq.cpu, dsq.node) === Number(instance);
}

function missing(path: string, what: string, known: readonly string[], total: number): InputError {
  const more = total > known.length ? ` and ${total - known.length} more` : '';
  return new InputError(
    {
      code: 'not-in-trace',
      path,
      ...(known.length === 0 ? { hint: 'nothing of that kind is known here; a later --at may show more' } : {}),
      ...(known.length === 0 ? {} : { hint: `known are ${known.join(', ')}${more}` }),
    },
    what,
  );
}
