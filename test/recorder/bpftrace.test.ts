// The bpftrace program: what bpftrace accepts of the types of a kernel, and what it takes otherwise than tracefs does.
import { expect, test } from 'vitest';
import { PROBES } from '../../src/probes/catalogue.ts';
import type { Probe } from '../../src/probes/probe.ts';
import { bpftraceProgram } from '../../src/recorder/bpftrace.ts';
import { Btf } from '../../src/recorder/btf.ts';
import { BtfWriter } from '../support/btf.ts';

const events = (...names: readonly string[]): readonly Probe[] => PROBES.filter(({ event }) => names.includes(event));

/** A kernel in which dispatch_enqueue() has seven arguments, as in Linux 7.3. */
function kernel(): Btf {
  const types = new BtfWriter();
  const u64 = types.int(8);
  const u32 = types.int(4);
  const char = types.int(1);
  const name = types.array(char, 128);
  const bitmap = types.array(u64, 1);
  const sched = types.struct('scx_sched', []);
  const schedPointer = types.pointer(sched);
  const ancestors = types.array(schedPointer, 0);
  const ops = types.struct('sched_ext_ops', [{ name: 'name', type: name, at: 0 }]);
  const full = types.struct('scx_sched', [
    { name: 'id', type: u64, at: 0 },
    { name: 'ops', type: ops, at: 8 },
    { name: 'has_op', type: bitmap, at: 136 },
    { name: 'cgrp_path', type: types.pointer(char), at: 144 },
    { name: 'level', type: u32, at: 152 },
    { name: 'ancestors', type: ancestors, at: 160 },
  ]);
  const sch = types.pointer(full);
  const rq = types.pointer(types.struct('rq', [{ name: 'cpu', type: u32, at: 0 }]));
  const dsq = types.pointer(types.struct('scx_dispatch_q', [{ name: 'id', type: u64, at: 0 }]));
  const task = types.pointer(types.struct('task_struct', [{ name: 'pid', type: u32, at: 0 }]));
  types.func('scx_dispatch_enqueue', 0, [
    ['sch', sch],
    ['rq', rq],
    ['dsq', dsq],
    ['p', task],
    ['slice', u64],
    ['vtime', u64],
    ['enq_flags', u64],
  ]);
  types.func('scx_link_sched', u32, [['sch', sch]]);
  types.func('scx_bpf_select_cpu_dfl', u32, [
    ['p', task],
    ['prev_cpu', u32],
  ]);
  types.func('scx_bpf_select_cpu_dfl_impl', u32, [
    ['p', task],
    ['prev_cpu', u32],
    ['aux', u64],
  ]);
  types.struct('trace_event_raw_sched_process_fork', [{ name: '__data_loc_parent_comm', type: u32, at: 8 }]);
  types.struct('trace_event_raw_sched_switch', [{ name: 'prev_comm', type: types.array(char, 16), at: 8 }]);
  return new Btf('test', types.finish());
}

const program = (...names: readonly string[]): string =>
  bpftraceProgram({ probes: events(...names), btf: kernel(), arch: 'x64' }).text;

test('a function with more arguments than fentry takes is probed by a kprobe, the seventh argument on the stack', () => {
  const text = program('dispatch_enqueue');
  expect(text).toContain('kprobe:scx_dispatch_enqueue\n');
  expect(text).toContain('(int32)((struct task_struct *)arg3)->pid');
  expect(text).toContain('(uint64)((struct scx_dispatch_q *)arg2)->id');
  expect(text).toContain('(uint64)arg4');
  expect(text).toContain('(uint64)(*(uint64*)(reg("sp") + 8))');
  expect(bpftraceProgram({ probes: events('dispatch_enqueue'), btf: kernel(), arch: 'arm64' }).text).toContain(
    '(uint64)arg6',
  );
  expect(text).not.toContain('args.');
});

test('without the types of a kernel, too', () => {
  const { text } = bpftraceProgram({ probes: events('dispatch_enqueue', 'to_local') });
  expect(text).toContain('kprobe:scx_dispatch_enqueue\n');
  expect(text).toContain('kprobe:dispatch_to_local_dsq\n');
  expect(text).not.toContain('fentry:');
});

test('arrays are their contents to bpftrace, which a long one is too large for: they are read at their address', () => {
  const text = program('sched_link');
  expect(text).toContain('str((int8*)((uint64)args.sch + 8))');
  expect(text).not.toContain('ops.name');
  expect(text).toContain('str(args.sch->cgrp_path)');
  expect(text).toContain('args.sch->has_op[0]');
  expect(text).toContain('*(uint64*)((uint64)args.sch + 160)');
});

test('strings of events are arrays or dynamic, as the kernel has them', () => {
  const text = program('sched_switch', 'sched_process_fork');
  expect(text).toContain(', args.prev_comm');
  expect(text).toContain('str(args.parent_comm)');
  expect(text).not.toContain('str(args.prev_comm)');
});

test('the result of a kfunc with implicit arguments, which bpftrace looks for in the wrong place, is left out', () => {
  const [probe] = events('k_select_dfl_r');
  expect(probe?.args.some((arg) => arg.fetch.some((fetch) => fetch.startsWith('$retval')))).toBe(true);
  const text = program('k_select_dfl_r');
  expect(text).not.toContain('retval');
});

test('a pointer that says yes or no is read whole', () => {
  const { text } = bpftraceProgram({ probes: PROBES, arch: 'x64' });
  expect(text).toContain('!= 0 ? "true" : "false"');
  expect(text).not.toContain('(uint8)');
});
