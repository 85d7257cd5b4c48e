import type { Pool } from "mysql2/promise";
import { type Mount, registryFile } from "../configuration/registry";
import type { Context } from "../context";
import { describe } from "../errors";
import { change, type Queries, row, rows, superTenant, transaction } from "./rows";

/** A tenant's resources by path, each in the database that registry.xml mounts there. */
export interface Registry {
  /** Writes a resource, and clears it from the caches of the other members. */
  readonly put: (path: string, content: string, user: string) => Promise<void>;
  readonly get: (path: string) => Promise<string | undefined>;
  readonly remove: (path: string) => Promise<void>;
  /** The contents of all resources below a path, cached until this or another member changes one of them. */
  readonly list: (path: string) => Promise<readonly string[]>;
}

/** Topic of cluster messages whose body is the JSON of a tenant and a changed path. */
const topic = "registry";

/** The registries of all tenants, with the mounts of this node's files. */
export function registries({ configuration, databases, cluster, log }: Context): (tenant?: number) => Registry {
  const { mounts, localDataSource } = configuration.registry;
  const cache = new Map<string, Listed>();
  let changes = 0;
  const forget = (tenant: number, path: string): void => {
    changes++;
    for (const [key, listed] of cache) {
      if (listed.tenant === tenant && path.startsWith(listed.path)) {
        cache.delete(key);
      }
    }
  };
  cluster.subscribe(topic, (body) => {
    const [tenant, path] = JSON.parse(body) as [number, string];
    log.info(`cluster message: ${path} has changed`);
    forget(tenant, path);
  });
  // The new member may have changed resources before it joined.
  cluster.onJoin(() => {
    changes++;
    cache.clear();
  });
  const poolOf = (mount: Mount | undefined): Pool => {
    try {
      return databases.pool(mount?.dataSource ?? localDataSource);
    } catch (error) {
      const element = mount === undefined ? "currentDBConfig" : `mount of ${mount.path}`;
      throw new Error(`${describe(error)} (${element}: mount in ${registryFile})`);
    }
  };
  const at = (path: string): { pool: Pool; path: string; mount: Mount | undefined } => {
    const mount = mounts.find((one) => path === one.path || path.startsWith(`${one.path}/`));
    return {
      pool: poolOf(mount),
      path: mount === undefined ? path : mount.targetPath + path.slice(mount.path.length),
      mount,
    };
  };
  const changed = (tenant: number, path: string): void => {
    forget(tenant, path);
    cluster.send({ topic, body: JSON.stringify([tenant, path]) });
  };
  return (tenant = superTenant) => ({
    put: async (path, content, user) => {
      const target = at(path);
      if (target.mount?.readOnly) {
        throw new Error(`registry.xml mounts ${target.mount.path} as read only`);
      }
      await transaction(target.pool, (db) => putResource(db, tenant, target.path, content, user));
      changed(tenant, path);
    },
    get: async (path) => {
      const target = at(path);
      return (await findResource(target.pool, tenant, target.path))?.content;
    },
    remove: async (path) => {
      const target = at(path);
      await transaction(target.pool, (db) => removeResource(db, tenant, target.path));
      changed(tenant, path);
    },
    list: async (path) => {
      const key = JSON.stringify([tenant, path]);
      const known = cache.get(key);
      if (known !== undefined) {
        return known.contents;
      }
      const target = at(path);
      const before = changes;
      const contents = await listResources(target.pool, tenant, target.path);
      // A change during the query may be missing in its result.
      if (target.mount?.cached && changes === before) {
        cache.set(key, { tenant, path, contents });
      }
      return contents;
    },
  });
}

/** The contents of all resources of a tenant below a path. */
interface Listed {
  readonly tenant: number;
  readonly path: string;
  readonly contents: readonly string[];
}

interface ResourceRow {
  readonly REG_VERSION: number;
  readonly REG_CONTENT_ID: number;
  readonly REG_CONTENT_DATA: Buffer;
}

async function findResource(db: Queries, tenant: number, path: string) {
  const found = await row<ResourceRow>(
    db,
    `SELECT resource.REG_VERSION, content.REG_CONTENT_ID, content.REG_CONTENT_DATA
       FROM REG_RESOURCE resource
       JOIN REG_PATH path ON path.REG_PATH_ID = resource.REG_PATH_ID AND path.REG_TENANT_ID = resource.REG_TENANT_ID
       JOIN REG_CONTENT content ON content.REG_CONTENT_ID = resource.REG_CONTENT_ID AND content.REG_TENANT_ID = resource.REG_TENANT_ID
      WHERE path.REG_PATH_VALUE = ? AND resource.REG_NAME = ? AND resource.REG_TENANT_ID = ?`,
    [parentOf(path), nameOf(path), tenant],
  );
  return (
    found && {
      version: found.REG_VERSION,
      contentId: found.REG_CONTENT_ID,
      content: found.REG_CONTENT_DATA.toString("utf8"),
    }
  );
}

async function listResources(db: Queries, tenant: number, path: string): Promise<string[]> {
  const found = await rows<Pick<ResourceRow, "REG_CONTENT_DATA">>(
    db,
    `SELECT content.REG_CONTENT_DATA
       FROM REG_RESOURCE resource
       JOIN REG_PATH path ON path.REG_PATH_ID = resource.REG_PATH_ID AND path.REG_TENANT_ID = resource.REG_TENANT_ID
       JOIN REG_CONTENT content ON content.REG_CONTENT_ID = resource.REG_CONTENT_ID AND content.REG_TENANT_ID = resource.REG_TENANT_ID
      WHERE path.REG_PATH_VALUE LIKE ? AND resource.REG_TENANT_ID = ? ORDER BY path.REG_PATH_VALUE, resource.REG_NAME`,
    [`${path.replace(/[\\%_]/g, "\\$&")}/%`, tenant],
  );
  return found.map(({ REG_CONTENT_DATA }) => REG_CONTENT_DATA.toString("utf8"));
}

async function putResource(db: Queries, tenant: number, path: string, content: string, user: string): Promise<void> {
  const data = Buffer.from(content);
  const existing = await findResource(db, tenant, path);
  if (existing !== undefined) {
    await change(db, "UPDATE REG_CONTENT SET REG_CONTENT_DATA = ? WHERE REG_CONTENT_ID = ? AND REG_TENANT_ID = ?", [
      data,
      existing.contentId,
      tenant,
    ]);
    await change(
      db,
      "UPDATE REG_RESOURCE SET REG_LAST_UPDATOR = ?, REG_LAST_UPDATED_TIME = NOW() WHERE REG_VERSION = ? AND REG_TENANT_ID = ?",
      [user, existing.version, tenant],
    );
    return;
  }
  const pathId = await pathIdOf(db, tenant, parentOf(path));
  const stored = await change(db, "INSERT INTO REG_CONTENT (REG_CONTENT_DATA, REG_TENANT_ID) VALUES (?, ?)", [
    data,
    tenant,
  ]);
  await change(
    db,
    `INSERT INTO REG_RESOURCE (REG_PATH_ID, REG_NAME, REG_MEDIA_TYPE, REG_CREATOR, REG_CREATED_TIME,
       REG_LAST_UPDATOR, REG_LAST_UPDATED_TIME, REG_CONTENT_ID, REG_TENANT_ID)
     VALUES (?, ?, 'application/json', ?, NOW(), ?, NOW(), ?, ?)`,
    [pathId, nameOf(path), user, user, stored.id, tenant],
  );
}

async function removeResource(db: Queries, tenant: number, path: string): Promise<void> {
  const existing = await findResource(db, tenant, path);
  if (existing !== undefined) {
    await change(db, "DELETE FROM REG_RESOURCE WHERE REG_VERSION = ? AND REG_TENANT_ID = ?", [
      existing.version,
      tenant,
    ]);
    await change(db, "DELETE FROM REG_CONTENT WHERE REG_CONTENT_ID = ? AND REG_TENANT_ID = ?", [
      existing.contentId,
      tenant,
    ]);
  }
}

/** The ID of a collection. Missing collections on the path are created. */
async function pathIdOf(db: Queries, tenant: number, path: string): Promise<number> {
  const select = "SELECT REG_PATH_ID FROM REG_PATH WHERE REG_PATH_VALUE = ? AND REG_TENANT_ID = ?";
  const found = await row<{ REG_PATH_ID: number }>(db, select, [path, tenant]);
  if (found !== undefined) {
    return found.REG_PATH_ID;
  }
  const parent = path === "/" ? null : await pathIdOf(db, tenant, parentOf(path));
  // Two servers may create the same collection at once: the second one gets the ID of the first.
  const sql = `INSERT INTO REG_PATH (REG_PATH_VALUE, REG_PATH_PARENT_ID, REG_TENANT_ID) VALUES (?, ?, ?)
    ON DUPLICATE KEY UPDATE REG_PATH_ID = LAST_INSERT_ID(REG_PATH_ID)`;
  return (await change(db, sql, [path, parent, tenant])).id;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
