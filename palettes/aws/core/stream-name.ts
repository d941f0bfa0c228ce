/**
 * How the text of a field says which stream: its name, or its ARN.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StreamDescriptionSummary.html
 */
export const STREAM_PATTERN = {
  pattern: '(arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/)?[a-zA-Z0-9_.-]{1,128}',
  patternHint:
    'at most 128 letters, digits, dots, hyphens and underscores, or an ARN such as arn:aws:kinesis:eu-central-1:123456789012:stream/readings'
} as const
