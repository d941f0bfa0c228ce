/** What a person should know of a group, besides what its start tells. */
export const deletedSentence = (topic: string, partition: number): string =>
  `Records of partition ${partition} of "${topic}" were deleted before being read (retention).`

/** Topics are shared out among all members, so those of one member alone are read by nobody. */
export function foreignSentence(groupId: string, topics: readonly string[]): string {
  const others = topics.map(topic => `"${topic}"`).join(', ')
  const rule = 'all members of a group must read the same topics'
  return `Another member of the group "${groupId}" reads ${others}: ${rule}. Choose another group.`
}
