// The drift of every task from every basis as comma-separated values, one sample a line.
import type { VtimeDocument } from '../findings/vtime-document.ts';

const HEAD = 'scheduler,pid,comm,weight,basis,ts,drift_min_ns,drift_max_ns';

export function renderVtimeCsv(document: VtimeDocument): string {
  const lines = [HEAD];
  for (const sched of document.schedulers)
    for (const task of sched.tasks)
      for (const drift of task.drifts)
        for (const { ts, min_ns, max_ns } of drift.samples)
          lines.push(
            [sched.scheduler, task.pid, task.comm, task.weight, drift.basis, ts, min_ns ?? '', max_ns ?? '']
              .map(field)
              .join(','),
          );
  return `${lines.join('\n')}\n`;
}

/** Quoted where it must be (RFC 4180). */
function field(value: string | number): string {
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
