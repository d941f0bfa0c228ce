/**
 * What a person must mend, by the sentences of connect-errors.ts, in words that fit below a node.
 */
const FOR_A_PERSON: readonly (readonly [sentence: RegExp, short: string])[] = [
  [/refused the user name or password/, 'user name or password refused'],
  [/The broker refused the token/, 'token refused'],
  [/refused the client id or secret/, 'token: id or secret refused'],
  [/refused the scope/, 'token: scope refused'],
  [/There is no token server/, 'no token server there'],
  [/No AWS keys were found|AWS gives no keys/, 'no AWS keys'],
  [/does not offer the login mechanism/, 'login mechanism not offered'],
  [/takes no login \(SASL\)/, 'broker takes no login'],
  [/TOPIC_AUTHORIZATION_FAILED/, 'no right to the topic'],
  [/GROUP_AUTHORIZATION_FAILED/, 'no right to the group'],
  [/TRANSACTIONAL_ID_AUTHORIZATION_FAILED/, 'no right to transactions'],
  [/may not write to ".*", nor to any other topic/, 'no right to write'],
  [/CLUSTER_AUTHORIZATION_FAILED/, 'no right on the cluster'],
  [
    /authority that is not trusted|is self-signed|signed by an unknown authority/,
    'TLS authority not trusted'
  ],
  [/^The certificate of .* has expired/, 'certificate has expired'],
  [/is for another host name/, 'certificate for another host'],
  [/does not speak TLS/, 'broker speaks no TLS'],
  [/ wants TLS: choose/, 'broker wants TLS'],
  [/did not accept our client certificate/, 'client certificate refused'],
  [/is a web server, not Kafka|is an SSH server, not Kafka/, 'no Kafka at this address'],
  [/Zstandard, which Node/, 'zstd needs Node 22.15']
]

/**
 * Why Kafka does not work, in a few words, where that stays so until a person changes a setting or
 * a right; undefined for what may cure itself, such as a broker that is away.
 */
export const shortReason = (sentence: string): string | undefined =>
  FOR_A_PERSON.find(([pattern]) => pattern.test(sentence))?.[1]
