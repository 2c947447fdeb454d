"""The part of the API that outside clients rely on: these names, with these types, stay.

One block a type. A field is `name(argument: Type, ...): Type`, an enumeration a list of values.
The published schema may have more; it may not have less, and nothing here may change its type.
"""

PAGE = "first: Int, after: String, last: Int, before: String"

OBJECTS = f"""
Query
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  viewer: Viewer!
  calendar: BusinessCalendar!
  customer(by: CustomerKey!): Customer
  customers(where: CustomerFilter, orderBy: CustomerOrder, {PAGE}): CustomerConnection!
  manager(by: ManagerKey!): Manager
  managers(where: ManagerFilter, {PAGE}): ManagerConnection!
  branches: [Branch!]!
  tiers(asOf: Month): [Tier!]!
  tierPolicies: [TierPolicy!]!
  tierChanges(where: TierChangeFilter, {PAGE}): TierChangeConnection!
  riskSignals(where: RiskSignalFilter, {PAGE}): RiskSignalConnection!
  vipStatistics(month: Month, branch: ID): VipStatistics!

Mutation
  recordBalances(input: RecordBalancesInput!): RecordBalancesPayload!
  closeMonth(input: CloseMonthInput!): CloseMonthPayload!
  grantSpecialVip(input: GrantSpecialVipInput!): GrantSpecialVipPayload!
  revokeSpecialVip(input: RevokeSpecialVipInput!): RevokeSpecialVipPayload!
  assignManager(input: AssignManagerInput!): AssignManagerPayload!
  raiseRiskSignal(input: RaiseRiskSignalInput!): RaiseRiskSignalPayload!

Subscription
  tierChanged(after: String, where: TierChangeFilter): TierChangeEvent!
  riskSignalChanged(after: String, where: RiskSignalFilter): RiskSignalEvent!

Node
  id: ID!

PageInfo
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String

Viewer
  role: Role!
  scope: Scope!
  channel: String!

BusinessCalendar
  businessDate: Date
  openMonth: Month
  lastClosedMonth: Month

Customer: Node
  id: ID!
  number: String!
  name: String!
  kind: CustomerKind!
  status: CustomerStatus!
  phone: String
  email: String
  idDocument: String
  birthDate: Date
  address: String
  branch: Branch!
  manager: Manager
  accounts(where: AccountFilter): [Account!]!
  aum(month: Month): Aum
  aumHistory(last: Int): [Aum!]!
  standing(month: Month): Standing!
  outlook: TierOutlook!
  tierChanges({PAGE}): TierChangeConnection!
  riskSignals(where: RiskSignalFilter, {PAGE}): RiskSignalConnection!

Account: Node
  id: ID!
  number: String!
  customer: Customer!
  productClass: ProductClass!
  currency: String!
  openedOn: Date!
  closedOn: Date
  balance: Decimal!
  balanceAsOf: Date

Aum
  month: Month!
  deposits: Decimal!
  investments: Decimal!
  settlementFunds: Decimal!
  total: Decimal!
  days: Int!
  asOf: Date!
  final: Boolean!
  complete: Boolean!

Standing
  month: Month!
  status: VipStatus!
  tier: Tier
  since: Month
  shortfallMonths: Int!
  belowEntryMonths: Int!
  retentionCloses: Int!
  specialUntil: Date
  decision: TierDecision

TierDecision
  month: Month!
  rule: String!
  policy: TierPolicy!
  judged: [JudgedMonth!]!
  explanation: String!
  decidedAt: DateTime!

JudgedMonth
  month: Month!
  total: Decimal!
  reached: Tier

TierOutlook
  month: Month!
  asOf: Date!
  averageToDate: Decimal!
  projectedAverage: Decimal!
  projectedStatus: VipStatus!
  projectedTier: Tier
  effectiveFrom: Month!
  nextTier: Tier
  dailyBalanceForNextTier: Decimal
  dailyBalanceToKeep: Decimal

Tier
  code: String!
  name: String!
  rank: Int!
  threshold: Decimal!

TierPolicy: Node
  id: ID!
  version: Int!
  effectiveFrom: Month!
  tiers: [Tier!]!
  watchMonths: Int!
  exitMonths: Int!
  retentionMonths: Int!

TierChange: Node
  id: ID!
  customer: Customer!
  manager: Manager
  kind: TierChangeKind!
  effectiveFrom: Month!
  fromStatus: VipStatus!
  toStatus: VipStatus!
  fromTier: Tier
  toTier: Tier
  decision: TierDecision
  recordedAt: DateTime!

Manager: Node
  id: ID!
  number: String!
  name: String!
  branch: Branch!
  active: Boolean!
  customers(where: CustomerFilter, orderBy: CustomerOrder, {PAGE}): CustomerConnection!
  vipStatistics(month: Month): VipStatistics!

Branch: Node
  id: ID!
  code: String!
  name: String!
  parent: Branch
  managers({PAGE}): ManagerConnection!
  vipStatistics(month: Month): VipStatistics!

VipStatistics
  month: Month!
  assessed: Int!
  watch: Int!
  special: Int!
  total: Int!
  exitedUnrated: Int!
  byTier: [TierCount!]!

TierCount
  tier: Tier!
  customers: Int!
  aum: Decimal!

RiskSignal: Node
  id: ID!
  customer: Customer!
  code: String!
  severity: Severity!
  state: RiskSignalState!
  facts: String!
  reportedBy: Manager
  reportedAt: DateTime!

UserError
  field: [String!]
  code: String!
  message: String!

RecordBalancesPayload
  accepted: Int!
  duplicates: Int!
  rejected: [RejectedUpdate!]!
  errors: [UserError!]!

RejectedUpdate
  index: Int!
  updateId: String!
  code: String!
  message: String!

CloseMonthPayload
  errors: [UserError!]!

GrantSpecialVipPayload
  customer: Customer
  errors: [UserError!]!

RevokeSpecialVipPayload
  customer: Customer
  errors: [UserError!]!

AssignManagerPayload
  customer: Customer
  errors: [UserError!]!

RaiseRiskSignalPayload
  signal: RiskSignal
  errors: [UserError!]!

TierChangeEvent
  cursor: String!
  change: TierChange!

RiskSignalEvent
  cursor: String!
  signal: RiskSignal!

CustomerConnection
  edges: [CustomerEdge!]!
  nodes: [Customer!]!
  pageInfo: PageInfo!
  totalCount: Int!

CustomerEdge
  cursor: String!
  node: Customer!

ManagerConnection
  edges: [ManagerEdge!]!
  nodes: [Manager!]!
  pageInfo: PageInfo!
  totalCount: Int!

ManagerEdge
  cursor: String!
  node: Manager!

TierChangeConnection
  edges: [TierChangeEdge!]!
  nodes: [TierChange!]!
  pageInfo: PageInfo!
  totalCount: Int!

TierChangeEdge
  cursor: String!
  node: TierChange!

RiskSignalConnection
  edges: [RiskSignalEdge!]!
  nodes: [RiskSignal!]!
  pageInfo: PageInfo!
  totalCount: Int!

RiskSignalEdge
  cursor: String!
  node: RiskSignal!
"""

INPUTS = """
CustomerKey
  id: ID
  number: String

ManagerKey
  id: ID
  number: String

RecordBalancesInput
  idempotencyKey: String!
  updates: [BalanceUpdate!]!

BalanceUpdate
  updateId: String!
  account: String!
  asOf: Date!
  balance: Decimal!

CloseMonthInput
  month: Month!

GrantSpecialVipInput
  customer: ID!
  reason: String!

RevokeSpecialVipInput
  customer: ID!
  reason: String!

AssignManagerInput
  customer: ID!
  manager: ID

RaiseRiskSignalInput
  customer: ID!
  code: String!
  severity: Severity!
  facts: String!
"""

ENUMERATIONS = {
    "CustomerKind": "INDIVIDUAL ORGANISATION",
    "CustomerStatus": "PROSPECT CURRENT TERMINATED",
    "ProductClass": "DEMAND_DEPOSIT TERM_DEPOSIT STRUCTURED_DEPOSIT CERTIFICATE_BOND SAVINGS_BOND "
    "TREASURY_BOND WEALTH_PRODUCT FUND GOLD INSURANCE SETTLEMENT_FUNDS",
    "VipStatus": "NON_MEMBER ACTIVE WATCH SPECIAL EXITED_UNRATED REMOVED",
    "TierChangeKind": "ENTERED UPGRADED WATCH_STARTED WATCH_CLEARED DOWNGRADED EXITED REENTERED "
    "REMOVED SPECIAL_GRANTED SPECIAL_ENDED CORRECTED",
    "Severity": "RED ORANGE YELLOW BLUE",
    "RiskSignalState": "REPORTED ASSIGNED ASSESSED MEASURES RELEASE_REQUESTED RELEASED REJECTED",
}

SCALARS = ("Month", "Date", "DateTime", "Decimal")
