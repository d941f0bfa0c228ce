import type { Kinesis } from '@aws-sdk/client-kinesis'
import type { AwsAccess } from './access.ts'
import { awsProblem, isDenied, saidBy } from './problem.ts'

/** A dialog that offers more could not be searched. */
const MOST_NAMES = 1000

/**
 * Asks with a client that is closed at the end.
 * @param what is asked for, in sentences
 * @throws AwsError with a sentence that says what to change
 */
export async function withKinesis<T>(
  access: AwsAccess,
  signal: AbortSignal,
  what: string,
  ask: (kinesis: Kinesis, options: { abortSignal: AbortSignal }) => Promise<T>
): Promise<T> {
  const kinesis = await access.kinesis()
  try {
    return await ask(kinesis, { abortSignal: signal })
  } catch (error) {
    throw awsProblem(error, what, access.where)
  } finally {
    kinesis.destroy()
  }
}

/** The names of the streams of an account and region. */
export const streamNames = (access: AwsAccess, signal: AbortSignal): Promise<string[]> =>
  withKinesis(access, signal, 'list of streams', async (kinesis, options) => {
    const names: string[] = []
    let token: string | undefined
    do {
      const answer = await kinesis.listStreams(
        token === undefined ? {} : { NextToken: token },
        options
      )
      names.push(...(answer.StreamNames ?? []))
      token = answer.HasMoreStreams === true ? answer.NextToken : undefined
    } while (token !== undefined && names.length < MOST_NAMES)
    return names.sort()
  })

/** What a person hears of it: that the keys are right, and what is there. */
export async function describeAccess(access: AwsAccess, signal: AbortSignal): Promise<string> {
  try {
    const names = await streamNames(access, signal)
    const many = names.length >= MOST_NAMES ? `${MOST_NAMES} streams and more` : countOf(names)
    return `Connected to Kinesis (${access.where}): ${many}.`
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    if (!isDenied(cause)) throw error
    return `Connected to Kinesis (${access.where}), which may not list its streams: ${saidBy(cause)}.`
  }
}

const countOf = ({ length }: readonly string[]) =>
  length === 1 ? 'one stream' : `${length === 0 ? 'no' : length} streams`
