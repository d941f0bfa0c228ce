import { type FileHandle, open } from 'node:fs/promises'

/**
 * Appends text to a file, and comes back when the disk has it. @throws whatever keeps it from that
 */
export async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'a+')
  try {
    // What was cut off by a crash must not spoil the line behind it.
    const begin = (await isCutOff(file)) ? '\n' : ''
    await file.appendFile(begin + text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function isCutOff(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer.toString() !== '\n'
}
