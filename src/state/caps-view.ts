// Capabilities in a hierarchy of schedulers as plain data: what each instance holds where, and what waits to take effect.
import { type Cell, formatCell } from '../model/caps/cell.ts';
import type { SchedCaps } from '../model/caps/sched-caps.ts';
import type { Cpu } from '../model/cpu.ts';
import type { Model } from '../model/model.ts';
import { type Sched, UNKNOWN, YES } from '../model/sched.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import type { CapsSpan, CpuCapsView, CpuView, SchedCapsView } from './document.ts';
import { schedId, type ViewContext } from './view-context.ts';

/** What a scheduler holds; null where no hierarchy is known. */
export function viewSchedCaps({ model }: ViewContext, sched: Sched): SchedCapsView | null {
  const { caps } = model;
  if (!caps.active) return null;
  const own = caps.of(sched);
  const waits = new CpuMask();
  const effective: [number, Cell][] = [];
  for (const { id } of possibleCpus(model)) {
    effective.push([id, own.ecaps(id)]);
    if (caps.cpu(id).awaits(sched) === YES) waits.add(id);
  }
  return { literal: spans(literalOf(model, own)), effective: spans(effective), sync_waits: waits.toString() };
}

/** What the schedulers hold on a CPU. */
export function viewCpuCaps({ model }: ViewContext, cpu: Cpu): CpuCapsView[] {
  const { caps } = model;
  if (!caps.active) return [];
  return model.scheds
    .filter((sched) => !sched.gone)
    .map((sched) => {
      const own = caps.of(sched).cpu(cpu.id);
      const waits = caps.cpu(cpu.id).awaits(sched);
      return {
        sched: schedId(sched),
        effective: formatCell(own.effective),
        reported: formatCell(own.reported),
        sync_waits: waits === UNKNOWN ? null : waits === YES,
      };
    });
}

/** The task that is being rescued on a CPU. */
export function rescuingOn(context: ViewContext, cpu: Cpu): CpuView['rescuing'] {
  const { caps } = context.model;
  if (!caps.active) return 'none';
  const { rescuee } = caps.cpu(cpu.id);
  if (rescuee === undefined) return null;
  return rescuee === null ? 'none' : context.taskRef(rescuee);
}

function literalOf({ caps }: Model, own: SchedCaps): [number, Cell][] {
  const cids: [number, Cell][] = [];
  for (let cid = 0; cid < caps.nrCids; cid++) cids.push([cid, own.cid(cid).literal]);
  return cids;
}

/** Equal sets put together, in the order of their first member. */
function spans(cells: readonly (readonly [number, Cell])[]): CapsSpan[] {
  const groups = new Map<string, CpuMask>();
  for (const [id, cell] of cells) {
    const text = formatCell(cell);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, CpuMask.of(id));
    else group.add(id);
  }
  return [...groups].map(([caps, on]) => ({ caps, on: on.toString() }));
}

function possibleCpus(model: Model): readonly Cpu[] {
  return model.cpus.filter((cpu) => model.isPossibleCpu(cpu.id) !== 0);
}
