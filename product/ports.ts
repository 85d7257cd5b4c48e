/** Ports of a server before its offset is added. @see the WSO2 guide, table "Port Offset" */
export const basePorts = { managementHttps: 9443, managementHttp: 9763, apiHttps: 8243, apiHttp: 8280 } as const;

/** Port of Thrift key validation (api-manager.xml `ThriftServerPort`). The offset does not shift it. */
export const thriftPort = 10397;

/** Hazelcast's port (axis2.xml `localMemberPort`). The offset does not shift it. */
export const clusterPort = 4000;

/** Ports of database servers that the product can use: MySQL, SQL Server, Oracle, PostgreSQL, DB2. */
export const databasePorts: readonly number[] = [3306, 1433, 1521, 5432, 50000];
