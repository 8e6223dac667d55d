// Prints the events of a trace as ftrace and perf print them, one line a probe's event.
import type { OpenTrace } from '../../src/readers/reader.ts';
import { argumentsOf, probeOf } from './perfetto.ts';

export const TEXT_STYLES = ['report', 'trace', 'latency', 'perf'] as const;
export type TextStyle = (typeof TEXT_STYLES)[number];

/** Text of all events that a probe records, with times of ns. */
export function textTrace(trace: OpenTrace, style: TextStyle): string {
  const lines = style === 'report' ? ['cpus=4'] : style === 'trace' ? ['# tracer: nop', '#'] : [];
  trace.run({
    event(event) {
      const probe = probeOf(event);
      if (probe === undefined) return true;
      const ns = trace.timeBase + BigInt(event.t);
      const time = `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
      const values = [...argumentsOf(event, probe)];
      const args = values.map(([name, value]) => `${name}=${spell(name, value)}`).join(' ');
      const cpu = String(event.cpu).padStart(3, '0');
      const text = `(ffffffffa4bc2b24) ${args}`;
      if (style === 'report')
        lines.push(`           hog-1-511   [${cpu}]  ${time}: ${`${probe.event}:`.padEnd(21)} ${text}`);
      else if (style === 'trace')
        lines.push(`           hog-1-511     [${cpu}] d..3.  ${time}: ${probe.event}: ${text}`);
      else if (style === 'latency') lines.push(`   hog-1-511 ${event.cpu}d..3. ${time}: ${probe.event}: ${text}`);
      else
        lines.push(
          `hog-1   511 [${cpu}]  ${time}: ${probe.system === 'scx' ? 'probe' : probe.system}:${probe.event}: ${text}`,
        );
      return true;
    },
  });
  return `${lines.join('\n')}\n`;
}

function spell(name: string, value: string | bigint): string {
  if (typeof value !== 'string') return value >= 0n && value > 0xffffffffn ? `0x${value.toString(16)}` : String(value);
  return name.endsWith('comm') ? value : `"${value}"`;
}
