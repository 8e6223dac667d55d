// Packets that were compressed inside the trace: the whole trace is written out plain before it is read.
import { inflateSync } from 'node:zlib';
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { Spool } from '../../input/spool.ts';
import { ProtoReader } from './proto-reader.ts';
import { PACKET, TRACE } from './schema.ts';

/** Packets looked at before a trace is taken to be plain: compression is a setting of the whole recording. */
const LOOKED_AT = 64;

type Unpack = (packed: Uint8Array) => Uint8Array;

export interface Expanded {
  readonly source: Source;
  /** Damage that ended the expansion; what lies before it is there. */
  readonly damage: InputError | undefined;
}

/** The source itself, or a plain copy of it when it holds compressed packets. */
export async function expandCompressed(source: Source): Promise<Expanded> {
  const kind = findCompression(source);
  if (kind === 0) return { source, damage: undefined };
  let damage: InputError | undefined;
  const unpack = kind === PACKET.compressedPackets ? inflate : await zstd();
  const spool = new Spool(source.path, source.compression);
  const reader = new ProtoReader(source);
  try {
    while (reader.next(source.size)) {
      const from = reader.position;
      const end = from + reader.length;
      const packed = packedPart(reader, end, kind);
      if (packed === undefined) {
        reader.seek(from);
        reader.length = end - from;
        spool.write(framed(reader.copy()));
      } else spool.write(unpacked(source.path, from, packed, unpack));
      reader.seek(end);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    damage = error;
  }
  return { source: spool.finish(), damage };
}

function findCompression(source: Source): number {
  const reader = new ProtoReader(source);
  try {
    for (let n = 0; n < LOOKED_AT && reader.next(source.size); n++) {
      const end = reader.position + reader.length;
      while (reader.field === TRACE.packet && reader.next(end)) {
        if (reader.field === PACKET.compressedPackets || reader.field === PACKET.zstdCompressedPackets)
          return reader.field;
        reader.skip();
        reader.field = TRACE.packet;
      }
      reader.seek(end);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
  return 0;
}

/** The compressed part of the packet, when it has one. */
function packedPart(reader: ProtoReader, end: number, kind: number): Uint8Array | undefined {
  while (reader.next(end)) {
    if (reader.field === kind) return reader.copy();
    reader.skip();
  }
  return undefined;
}

function unpacked(path: string, position: number, packed: Uint8Array, unpack: Unpack): Uint8Array {
  try {
    return unpack(packed);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      { code: 'bad-compression', path, position: `byte ${position}` },
      `compressed packets cannot be unpacked: ${reason}`,
    );
  }
}

/** The packet with the tag and length that it has in a trace. */
function framed(packet: Uint8Array): Uint8Array {
  const head = [(TRACE.packet << 3) | 2];
  let length = packet.length;
  while (length >= 0x80) {
    head.push((length & 0x7f) | 0x80);
    length = Math.floor(length / 128);
  }
  head.push(length);
  const bytes = new Uint8Array(head.length + packet.length);
  bytes.set(head);
  bytes.set(packet, head.length);
  return bytes;
}

const inflate: Unpack = (packed) => inflateSync(packed);

async function zstd(): Promise<Unpack> {
  const { zstdBlock } = await import('../../input/zstd.ts');
  const unpack = await zstdBlock();
  return (packed) => unpack(packed, 0);
}
