/** Keeps nothing alive that would end otherwise. */
export const wait = (ms: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, ms).unref())
