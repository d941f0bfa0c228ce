/**
 * moto, a server with the APIs of AWS, which also checks keys and rights. Only tests start it,
 * where there is Python.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from '../errors.ts'
import type { Command } from '../process.ts'
import { cacheFolder } from '../services.ts'

const run = promisify(execFile)

const VERSION = '5.2.5'
export const MOTO = `moto ${VERSION}`
/** What its server needs, and no more: all that it can take is twice as large. */
const PACKAGES = [`moto==${VERSION}`, 'flask==3.1.3', 'flask-cors==6.0.5', 'werkzeug==3.1.9']

const python = process.platform === 'win32' ? 'python' : 'python3'
const folder = () => join(cacheFolder(), `moto-${VERSION}`)
const pythonIn = (place: string) =>
  process.platform === 'win32' ? join(place, 'Scripts', 'python.exe') : join(place, 'bin', 'python')

/** Why it cannot be installed here; undefined where it can, or is. */
export function motoLacks(): string | undefined {
  if (existsSync(folder())) return undefined
  try {
    execFileSync(
      python,
      ['-c', 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)'],
      {
        stdio: 'ignore',
        timeout: 20_000
      }
    )
    return undefined
  } catch {
    return 'there is no Python 3.10 or newer with venv and pip'
  }
}

/** 140 MB, once. */
async function install(): Promise<void> {
  const half = `${folder()}.${process.pid}`
  const limit = { timeout: 300_000 }
  try {
    await run(python, ['-m', 'venv', half], limit)
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check']
    await run(pythonIn(half), [...pip, ...PACKAGES], limit)
    if (existsSync(folder())) rmSync(half, { recursive: true })
    else renameSync(half, folder())
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    const why = (error as Error).message.split('\n')[0]
    throw new StackError('DOWNLOAD_FAILED', `${MOTO} cannot be installed: ${why}`, { cause: error })
  }
}

/** It keeps all in memory: it is gone when it ends. */
export async function motoCommand(port: number): Promise<Command> {
  if (!existsSync(folder())) await install()
  const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)]
  return { file: pythonIn(folder()), args }
}
