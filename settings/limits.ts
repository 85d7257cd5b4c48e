/** The largest number of nodes of one kind: replicas of a role, or workers of a gateway environment. */
export const maxReplicas = 8;
