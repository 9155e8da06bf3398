/** Operations as clients of GitHub's public schema send them, and what they need to be priced. */
import type { ListSize } from '@graphql-bulwark/limits';
import { type GraphQLSchema, isObjectType } from 'graphql';

export const githubOperations: Readonly<Record<string, string>> = {
  viewer: '{ viewer { login name avatarUrl bio company createdAt } }',
  repository: `query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
    id nameWithOwner description stargazerCount forkCount primaryLanguage { name color } licenseInfo { name spdxId } } }`,
  issues: `query ($owner: String!, $name: String!, $n: Int = 20, $after: String) { repository(owner: $owner, name: $name) {
    issues(first: $n, after: $after, states: [OPEN], orderBy: { field: CREATED_AT, direction: DESC }) { totalCount
      pageInfo { endCursor hasNextPage }
      nodes { number title createdAt author { login } labels(first: 10) { nodes { name color } } comments { totalCount } } } } }`,
  pullRequest: `query ($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
    pullRequest(number: $number) { title body state mergeable author { login ... on User { name company } }
      commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 20) { nodes {
        __typename ... on CheckRun { name conclusion detailsUrl } ... on StatusContext { context state targetUrl } } } } } } }
      reviews(first: 10) { nodes { state author { login } submittedAt } }
      files(first: 30) { nodes { path additions deletions } } } } }`,
  search: `query ($q: String!) { search(query: $q, type: REPOSITORY, first: 20) { repositoryCount edges { cursor node {
    ... on Repository { nameWithOwner stargazerCount owner { login } } } } } }`,
  organization: `query ($login: String!) { organization(login: $login) { name membersWithRole(first: 30) { nodes { login name } }
    teams(first: 10) { nodes { name slug members(first: 10) { nodes { login } } } } } }`,
  contributions: `query ($login: String!) { user(login: $login) { contributionsCollection { totalCommitContributions
    contributionCalendar { totalContributions weeks { contributionDays { date contributionCount } } } } } }`,
  releases: `query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { releases(first: 10) {
    nodes { tagName publishedAt releaseAssets(first: 10) { nodes { name downloadCount size } } } } } }`,
  discussions: `query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { discussions(first: 10) {
    nodes { title category { name } answer { author { login } } comments(first: 5) { nodes { body replies(first: 3) { nodes { body } } } } } } } }`,
  blob: `query ($owner: String!, $name: String!, $path: String!) { repository(owner: $owner, name: $name) {
    object(expression: $path) { ... on Blob { text byteSize } ... on Tree { entries { name type object { ... on Blob { byteSize } } } } } } }`,
  timeline: `query ($id: ID!) { node(id: $id) { ... on Issue { title timelineItems(first: 30) { nodes { __typename
    ... on IssueComment { body author { login } } ... on LabeledEvent { label { name } actor { login } }
    ... on ClosedEvent { createdAt actor { login } } ... on CrossReferencedEvent { source { ... on PullRequest { number title } } } } } } } }`,
  addStar:
    'mutation ($id: ID!) { addStar(input: { starrableId: $id }) { starrable { stargazerCount viewerHasStarred } } }',
  addComment: `mutation ($id: ID!, $body: String!) { addComment(input: { subjectId: $id, body: $body }) {
    commentEdge { node { id body createdAt author { login } } } } }`,
};

/** Twelve fields deep through the interface that almost everything implements. */
export const deepNode = `query ($id: ID!) { node(id: $id) { id ... on Repository { owner { repositories(first: 2) { nodes {
  issues(first: 2) { nodes { author { login ... on User { repositories(first: 1) { nodes { owner { ... on Node { id } ... on User { status { message } } } } } } }
    timelineItems(first: 2) { nodes { ... on Node { id } ... on LabeledEvent { actor { login ... on Node { id } } } } } } } } } } } } }`;

/** GitHub's own example of its rate limit: 51 points. */
export const publishedPoints = `{ viewer { login repositories(first: 100) { edges { node { id issues(first: 50) {
  edges { node { id labels(first: 60) { edges { node { id name } } } } } } } } } } }`;

/** GitHub's own example of its node limit: 22,060 nodes. */
export const publishedNodes = `{ viewer {
  repositories(first: 50) { edges { repository: node { name
    pullRequests(first: 20) { edges { pullRequest: node { title comments(first: 10) { edges { comment: node { bodyHTML } } } } } }
    issues(first: 20) { totalCount edges { issue: node { title bodyHTML comments(first: 10) { edges { comment: node { bodyHTML } } } } } }
  } } }
  followers(first: 10) { edges { follower: node { login } } } } }`;

/** What GitHub's documentation says of its connections: `first` or `last`, and the size is that of the edges and nodes. */
export function githubListSizes(schema: GraphQLSchema): Record<string, ListSize> {
  const sizes: Record<string, ListSize> = {};
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const returned = schema.getType(String(field.type).replace(/[[\]!]/g, ''));
      if (!field.args.some(({ name }) => name === 'first') || !isObjectType(returned)) continue;
      const sizedFields = ['edges', 'nodes'].filter((name) => returned.getFields()[name]);
      if (sizedFields.length === 0) continue;
      const requireOneSlicingArgument = false;
      sizes[`${type.name}.${field.name}`] = {
        slicingArguments: ['first', 'last'],
        sizedFields,
        requireOneSlicingArgument,
      };
    }
  }
  return sizes;
}

/** Enough for each of the operations. */
export const githubVariables = {
  owner: 'o',
  name: 'n',
  number: 1,
  login: 'l',
  q: 'q',
  path: 'HEAD:',
  id: 'ID',
  body: 'b',
};
