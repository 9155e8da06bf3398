/**
 * The SDL of the invoicing API, annotated with the rules that Bulwark enforces. Both servers use this text: on the
 * protected one the directives come from `bulwark.typeDefs`, on the bare one they are declared and mean nothing.
 *
 * A refused field becomes null and a null climbs to the next nullable parent, so everything guarded or owned is
 * nullable: the rest of the answer survives.
 */
export const typeDefs = /* GraphQL */ `
  enum Role { MEMBER ACCOUNTANT ADMIN }
  enum InvoiceStatus { DRAFT SENT PAID OVERDUE CANCELLED }

  "What somebody may make of an invoice by hand. It becomes PAID by a payment alone."
  enum StatusChange {
    SENT
    OVERDUE
    CANCELLED @auth(roles: ["ACCOUNTANT", "ADMIN"])
  }

  "How a customer pays, for those who decide about credit."
  enum CreditRating @auth(roles: ["ACCOUNTANT", "ADMIN"]) { GOOD SLOW BAD }

  "Identifies an account or a taxpayer. Wherever one comes up, it is for those who keep the books."
  scalar AccountNumber @auth(roles: ["ACCOUNTANT", "ADMIN"])

  """
  Anything that can be fetched again by its id. Each type that is one says mode: NOT_FOUND, so that what belongs to others is
  answered as what does not exist, and left out of lists.
  """
  interface Node { id: ID! }

  "What only admins see: the rule holds for every type that is one."
  interface AdminRecord implements Node @auth(roles: "ADMIN") { id: ID! }

  union SearchResult = Invoice | Customer | User

  "Our own support staff may look an organisation up. What it owns stays closed to them, and how much of it there is."
  type Organisation implements Node @owner(field: "id", claim: "org", bypass: "SUPPORT", mode: NOT_FOUND) {
    id: ID!
    name: String!
    bankAccount: AccountNumber
    members(first: Int! = 20): [User] @owner(field: "id", claim: "org") @listSize(slicingArguments: ["first"])
    customers(first: Int! = 20): [Customer] @owner(field: "id", claim: "org") @listSize(slicingArguments: ["first"])
    invoices(first: Int! = 20, after: String, status: InvoiceStatus): InvoiceConnection
      @owner(field: "id", claim: "org")
      @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
    apiKeys(first: Int! = 10): [ApiKey] @owner(field: "id", claim: "org") @listSize(slicingArguments: ["first"])
    auditLog(first: Int! = 20): [AuditEntry] @owner(field: "id", claim: "org") @listSize(slicingArguments: ["first"])
  }

  type User implements Node @owner(field: "organisationId", claim: "org", mode: NOT_FOUND) {
    id: ID!
    name: String!
    role: Role!
    email: String @auth(scopes: "directory:read")
    "For its owner alone, when they set up another device."
    mfaSecret: String @auth(scopes: "mfa:manage") @owner(field: "id")
    organisation: Organisation
    invoices(first: Int! = 20): [Invoice] @listSize(slicingArguments: ["first"])
  }

  type Customer implements Node @owner(field: "organisationId", claim: "org", mode: NOT_FOUND) {
    id: ID!
    name: String!
    taxId: AccountNumber
    creditRating: CreditRating
    organisation: Organisation
    invoices(first: Int! = 20): [Invoice] @listSize(slicingArguments: ["first"])
  }

  "For its organisation, and for people of others with whom it was shared. To everybody else it does not exist."
  type Invoice implements Node
    @owner(field: "organisationId", claim: "org", mode: NOT_FOUND)
    @owner(loader: "sharedWith", mode: NOT_FOUND) {
    id: ID!
    number: String!
    "The customer's own purchase order. Two companies may well use the same one."
    reference: String
    status: InvoiceStatus!
    issuedOn: String!
    dueOn: String!
    totalCents: Int!
    note: String
    organisation: Organisation
    author: User
    customer: Customer
    "At most 100, which is as long as a page may be."
    lines(first: Int! = 10): [LineItem] @listSize(slicingArguments: ["first"])
    "All of them, as people print an invoice: about ten. Somebody may write one that is longer."
    allLines: [LineItem] @listSize(assumedSize: 10)
    "One at most: what is paid stays paid."
    payments: [Payment] @listSize(assumedSize: 1)
    "Other invoices of the caller's organisation that carry the same reference."
    sameReference(first: Int! = 10): [Invoice] @listSize(slicingArguments: ["first"])
  }

  type LineItem implements Node @owner(field: "organisationId", claim: "org", mode: NOT_FOUND) {
    id: ID!
    description: String!
    quantity: Int!
    unitCents: Int!
    invoice: Invoice
  }

  type Payment implements Node @owner(field: "organisationId", claim: "org", mode: NOT_FOUND) {
    id: ID!
    amountCents: Int!
    paidAt: String!
    cardLast4: String @auth(roles: ["ACCOUNTANT", "ADMIN"])
    invoice: Invoice
  }

  type ApiKey implements Node & AdminRecord @owner(field: "organisationId", claim: "org", mode: NOT_FOUND) {
    id: ID!
    name: String!
    createdAt: String!
    createdBy: User
  }

  type AuditEntry implements Node & AdminRecord @owner(field: "organisationId", claim: "org", mode: NOT_FOUND) {
    id: ID!
    at: String!
    action: String!
    subjectId: ID
    actor: User
  }

  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type InvoiceEdge { cursor: String! node: Invoice }
  type InvoiceConnection { edges: [InvoiceEdge!]! pageInfo: PageInfo! }

  "One month of one organisation."
  type MonthlyReport {
    month: String!
    invoices: Int!
    invoicedCents: Int!
    paidCents: Int!
    largestCustomer: String
  }

  type Tokens { accessToken: String! refreshToken: String! expiresInSeconds: Int! }

  "The secret is in this answer and nowhere else: only its hash is kept."
  type CreatedApiKey @owner(field: "apiKey.organisationId", claim: "org") { apiKey: ApiKey secret: String! }

  input LineItemInput { description: String! quantity: Int! unitCents: Int! }

  input CreateInvoiceInput {
    customerId: ID!
    "Left out: the caller. An admin may write one for a colleague, of the same organisation."
    authorId: ID @owner(bypass: "ADMIN")
    reference: String
    dueOn: String!
    note: String
    lines: [LineItemInput!]!
  }

  input UpdateInvoiceInput {
    organisationId: ID @owner(claim: "org")
    reference: String
    dueOn: String
    note: String
    status: StatusChange
  }

  input InviteUserInput {
    name: String!
    email: String!
    "Left out: a member."
    role: Role @auth(roles: "ADMIN")
  }

  type Query {
    "The caller, or null without a token."
    me: User
    invoice(id: ID!): Invoice
    invoices(first: Int! = 20, after: String, status: InvoiceStatus): InvoiceConnection
      @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
    search(text: String!, first: Int! = 10): [SearchResult]
      @cost(weight: "10")
      @listSize(slicingArguments: ["first"])
      @rateLimit(max: 30, windowSeconds: 60)
    node(id: ID!): Node
    organisation(id: ID!): Organisation @owner(arg: "id", claim: "org", bypass: "SUPPORT")
    users(first: Int! = 50): [User] @auth(roles: "ADMIN") @listSize(slicingArguments: ["first"])
    "Totals per month between two dates, at most 24 months; reads every invoice and payment in between, so nothing runs for those who may not."
    reports(from: String!, to: String!): [MonthlyReport]
      @auth(roles: ["ACCOUNTANT", "ADMIN"], mode: REJECT)
      @cost(weight: "100")
      @listSize(assumedSize: 24)
      @rateLimit(max: 10, windowSeconds: 60)
  }

  type Mutation {
    login(email: String!, password: String!): Tokens
      @public
      @rateLimit(max: 20, windowSeconds: 60, by: ADDRESS)
      @rateLimit(max: 5, windowSeconds: 60, by: GLOBAL, args: ["email"])
    refresh(refreshToken: String!): Tokens @public @rateLimit(max: 30, windowSeconds: 60, by: ADDRESS)
    "Ends this session: its refresh tokens, and the access token that asks. Null when it has ended already."
    logout(refreshToken: String!): Boolean @auth(mode: NULL)
    "Always true, whether or not the address is known."
    requestPasswordReset(email: String!): Boolean
      @public
      @rateLimit(max: 10, windowSeconds: 3600, by: ADDRESS)
      @rateLimit(max: 3, windowSeconds: 3600, by: GLOBAL, args: ["email"])
    createInvoice(input: CreateInvoiceInput!): Invoice @auth(policies: "withinLimit")
    updateInvoice(id: ID!, input: UpdateInvoiceInput!): Invoice
      @auth(policies: "booksOpen")
      @owner(loader: "invoice", field: "organisationId", claim: "org", mode: NOT_FOUND)
    "At most 100 lines at a time."
    addLines(id: ID!, lines: [LineItemInput!]!): Invoice
      @auth(policies: "booksOpen")
      @owner(loader: "invoice", field: "organisationId", claim: "org", mode: NOT_FOUND)
    payInvoice(id: ID!, cardLast4: String!): Payment
      @owner(loader: "invoice", field: "organisationId", claim: "org", mode: NOT_FOUND)
    "The id of the invoice that is gone. One that was paid takes force, and an admin."
    deleteInvoice(id: ID!, force: Boolean @auth(roles: "ADMIN")): ID
      @auth(roles: ["ACCOUNTANT", "ADMIN"], policies: "booksOpen")
      @owner(loader: "invoice", field: "organisationId", claim: "org", mode: NOT_FOUND)
    "Refused for an address that somebody signs in with, here or elsewhere; rare, so that nobody tries addresses out."
    inviteUser(input: InviteUserInput!): User
      @auth(roles: ["ACCOUNTANT", "ADMIN"])
      @rateLimit(max: 30, windowSeconds: 3600)
    createApiKey(name: String!): CreatedApiKey @auth(roles: "ADMIN")
    "Whether there was such a key."
    revokeApiKey(id: ID!): Boolean @auth(roles: "ADMIN")
  }

  type Subscription {
    "Payments of one's own organisation, which need not be named."
    invoicePaid(organisationId: ID @owner(claim: "org", preset: true)): Invoice @auth
  }
`;
