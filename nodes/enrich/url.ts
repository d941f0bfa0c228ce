/** What is wrong with the URL of a lookup, in words. */
export function urlProblems(url: string): string[] {
  if (!URL.canParse(url.replaceAll('{key}', 'key'))) return ['is not a URL such as https://registry.example.org/devices/{key}']
  const { protocol, host, username, password } = new URL(url.replaceAll('{key}', 'key'))
  if (protocol !== 'http:' && protocol !== 'https:') return ['must begin with http:// or https://']
  if (username !== '' || password !== '') return ['must not have a user name or password; give a token']
  if (!url.includes('{key}')) return ['must have {key} where the device goes']
  return new URL(url.replaceAll('{key}', 'other')).host === host ? [] : ['must not have {key} in the name of the server']
}
