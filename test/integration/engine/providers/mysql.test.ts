import assert from "node:assert/strict";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Existing, Properties } from "../../../../engine/provider";
import { providerFor } from "../../../engine/providers/support";
import { hasImage } from "../../containers";
import { mysqlBase, startBareMysql } from "../../mysqlServer";
import { useExclusively } from "../../place";
import { skip } from "../../skip";
import { containers, Driver, logged, prefix, removeLeftovers, withoutEmpty } from "./support";

describe("mysql provider on a MySQL server", function () {
  this.timeout(90_000);
  useExclusively("engine-providers");
  const endpoint = "127.0.0.1:18195";
  const config = { endpoint, username: "admin", password: "admin'pw\\", tls: "false", version: "3.3.2" };
  const mysql = providerFor("mysql", config);
  const databases = new Driver(mysql, "mysql:index/database:Database", "database");
  const users = new Driver(mysql, "mysql:index/user:User", "user");
  const grants = new Driver(mysql, "mysql:index/grant:Grant", "grant");

  const database: Properties = {
    name: "ptest`db",
    defaultCharacterSet: "latin1",
    defaultCollation: "latin1_swedish_ci",
  };
  const user: Properties = { user: "ptest", host: "%", plaintextPassword: 'it\'s\\ a "secret"' };
  const grant: Properties = { user: "ptest", host: "%", database: "ptest`db", privileges: ["ALL"] };

  before(async function () {
    if (!(await hasImage(mysqlBase))) skip(this, `no image ${mysqlBase} (npm run setup builds it)`);
    await removeLeftovers();
    await containers.create({
      name: `${prefix}mysql`,
      image: mysqlBase,
      command: ["sh", "-c", startBareMysql],
      ports: [{ internal: 3306, external: 18195, ip: "127.0.0.1" }],
      uploads: [
        {
          file: "/init.sql",
          content: `CREATE USER 'admin'@'%' IDENTIFIED BY 'admin''pw\\\\';\nGRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;\n`,
        },
      ],
    });
  });
  after(async () => {
    await mysql.close?.();
    await removeLeftovers();
  });

  const connectAsAdmin = () => createConnection({ port: 18195, user: "admin", password: config.password });

  /** @throws if the user can't log in */
  const login = async (password: string, name?: string) => {
    const connection = await createConnection({
      host: "127.0.0.1",
      port: 18195,
      user: "ptest",
      password,
      database: name,
    });
    try {
      await connection.query("SELECT 1");
    } finally {
      await connection.end();
    }
  };

  it("waits for a server that is still starting, and logs the wait", async () => {
    const { context, lines } = logged();
    const created = await databases.create({ name: "ptest_first" }, context);
    assert.match(lines[0] ?? "", /waiting for MySQL at 127\.0\.0\.1:18195/);
    const read = await databases.read(created);
    assert.deepEqual(read?.outputs, created.outputs, "utf8, which reads back as utf8mb3, is not drift");
    await databases.delete(created);
  });

  it("database: is created, read without drift, imported, updated in place and deleted; recover requires the same charset", async () => {
    const created = await databases.create(database);
    assert.equal(created.id, "ptest`db");
    assert.deepEqual((await databases.read(created))?.outputs, created.outputs);
    assert.equal((await databases.diff(created, database)).changes, false);
    const imported = await databases.import(created.id);
    assert.ok(imported);
    assert.equal((await databases.diff(imported, database)).changes, false, "after an import");
    await assert.rejects(databases.create(database), /create database ptest`db: it already exists/);
    assert.equal((await databases.recover(database))?.id, created.id);
    const wider = { ...database, defaultCharacterSet: "utf8mb4", defaultCollation: "utf8mb4_bin" };
    assert.equal(await databases.recover(wider), undefined);
    assert.deepEqual((await databases.diff(created, wider)).replaces, []);
    const changed = await databases.update(created, wider);
    assert.equal((await databases.read(changed))?.outputs.defaultCollation, "utf8mb4_bin");
    const read = await databases.read(created);
    assert.ok(read);
    assert.deepEqual((await databases.diff(read, database)).detailed, {
      defaultCharacterSet: "update",
      defaultCollation: "update",
    });
    await databases.delete(created);
    await databases.delete(created);
    assert.equal(await databases.read(created), undefined);
  });

  it("user and grant: are created, updated in place and deleted; passwords work, and one changed from outside is reported", async () => {
    const db = await databases.create(database);
    const created = await users.create(user);
    assert.equal(created.id, "ptest@%");
    assert.doesNotMatch(JSON.stringify(created.outputs), /secret/);
    await login(String(user.plaintextPassword));
    await assert.rejects(login(String(user.plaintextPassword), "ptest`db"), /Access denied/);
    assert.equal((await users.recover(user))?.id, created.id);
    assert.equal(await users.recover({ ...user, plaintextPassword: "another" }), undefined);
    await assert.rejects(
      users.create(user),
      (error: Error) => /ptest@%: it already exists/.test(error.message) && !/secret/.test(error.message),
    );

    const given = await grants.create(grant);
    assert.equal(given.id, "ptest@%:`ptest``db`");
    await login(String(user.plaintextPassword), "ptest`db");
    assert.deepEqual(withoutEmpty((await grants.read(given))?.outputs), withoutEmpty(given.outputs));
    const read = await grants.read(given);
    assert.ok(read);
    assert.equal((await grants.diff(read, grant)).changes, false);
    const fewer = { ...grant, privileges: ["select", "INSERT"] };
    assert.deepEqual((await grants.diff(given, fewer)).replaces, []);
    const changed = await grants.update(given, fewer);
    assert.deepEqual((await grants.read(changed))?.outputs.privileges, ["select", "INSERT"]);
    await grants.delete(changed);
    await grants.delete(changed);
    assert.equal(await grants.read(changed), undefined);

    assert.equal((await users.diff((await users.read(created)) ?? created, user)).changes, false);
    const admin = await connectAsAdmin();
    const [[self]] = await admin.query<RowDataPacket[]>("SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host");
    await admin.query("CREATE USER 'ptest'@? IDENTIFIED BY 'of another account'", [self?.host]);
    assert.deepEqual(
      (await users.read(created))?.outputs,
      created.outputs,
      "an account with a more specific host is not asked instead",
    );
    await admin.query("DROP USER 'ptest'@?", [self?.host]);
    await admin.query("ALTER USER 'ptest'@'%' IDENTIFIED BY 'changed outside'");
    await admin.end();
    const foreign = await users.read(created);
    assert.ok(foreign);
    assert.notEqual(foreign.outputs.plaintextPassword, created.outputs.plaintextPassword);
    assert.deepEqual((await users.diff(foreign, user)).detailed, { plaintextPassword: "update" });
    await users.update(foreign, user);
    await login(String(user.plaintextPassword));

    const newPassword = { ...user, plaintextPassword: "new one" };
    assert.deepEqual((await users.diff(created, newPassword)).detailed, { plaintextPassword: "update" });
    const updated = await users.update(created, newPassword);
    await login("new one");
    await assert.rejects(login(String(user.plaintextPassword)), /Access denied/);
    assert.deepEqual((await users.read(updated))?.outputs, updated.outputs);
    const secured = await users.update(updated, { ...newPassword, tlsOption: "SSL" });
    assert.equal((await users.read(secured))?.outputs.tlsOption, "SSL");
    assert.equal((await users.recover({ ...newPassword, tlsOption: "SSL" }))?.complete, true);
    assert.equal(await users.recover({ ...user, tlsOption: "SSL" }), undefined, "with another password");
    await users.delete(secured);
    await users.delete(secured);
    assert.equal(await users.read(secured), undefined);
    await grants.delete(given);
    assert.equal(await grants.read(given), undefined);
    await databases.delete(db);
  });

  it("read reports a changed grant option, a locked or expired account and another login plugin; update corrects them", async () => {
    const db = await databases.create(database);
    const created = await users.create(user);
    const admin = await connectAsAdmin();
    const changeOutside = async (sql: string, driver: Driver, existing: Existing) => {
      await admin.query(sql);
      const found = await driver.read(existing);
      assert.ok(found);
      assert.notDeepEqual(
        withoutEmpty(found.outputs),
        withoutEmpty(existing.outputs),
        "refresh reports what differs in the outputs",
      );
      return found;
    };
    const assertCorrected = async (driver: Driver, found: Existing, inputs: Properties) => {
      const updated = await driver.update(found, inputs);
      const read = await driver.read(updated);
      assert.deepEqual(read && (await driver.diff(read, inputs)).detailed, {});
      assert.deepEqual(withoutEmpty(read?.outputs), withoutEmpty(updated.outputs));
    };
    try {
      for (const wanted of [false, true]) {
        const inputs = { ...grant, grant: wanted };
        const given = await grants.create(inputs);
        const sql = wanted ? "REVOKE GRANT OPTION ON `ptest``db`.* FROM" : "GRANT GRANT OPTION ON `ptest``db`.* TO";
        const found = await changeOutside(`${sql} 'ptest'@'%'`, grants, given);
        assert.deepEqual((await grants.diff(found, inputs)).detailed, { grant: "update" });
        assert.deepEqual(
          (await grants.diff(found, inputs)).replaces,
          [],
          "deleting the old grant would revoke the new one too",
        );
        await assertCorrected(grants, found, inputs);
      }
      const locked = await changeOutside("ALTER USER 'ptest'@'%' ACCOUNT LOCK", users, created);
      assert.equal(locked.outputs.tlsOption, "NONE (account locked)");
      assert.deepEqual((await users.diff(locked, user)).detailed, { tlsOption: "update" });
      await assertCorrected(users, locked, user);
      await login(String(user.plaintextPassword));
      const expired = await changeOutside("ALTER USER 'ptest'@'%' PASSWORD EXPIRE", users, created);
      await assertCorrected(users, expired, user);
      const withPlugin = { user: "ptest_plugin", host: "%", authPlugin: "caching_sha2_password" };
      const plugged = await users.create(withPlugin);
      const changed = await changeOutside(
        "ALTER USER 'ptest_plugin'@'%' IDENTIFIED WITH sha256_password",
        users,
        plugged,
      );
      assert.deepEqual((await users.diff(changed, withPlugin)).detailed, { authPlugin: "update-replace" });
      await users.delete(plugged);
    } finally {
      await admin.end();
      await users.delete(created);
      await databases.delete(db);
    }
  });

  it("recover reports an account as incomplete if no login can test its password", async () => {
    const elsewhere = { user: "ptest_far", host: "192.0.2.1", plaintextPassword: "x" };
    const certified = { user: "ptest_x509", host: "%", plaintextPassword: "x", tlsOption: "X509" };
    for (const inputs of [elsewhere, certified]) {
      assert.equal(await users.recover(inputs), undefined, "not created yet");
      const created = await users.create(inputs);
      assert.equal((await users.recover(inputs))?.complete, false);
      await users.delete(created);
    }
  });

  it("a wrong password or a missing endpoint is reported at once", async () => {
    const wrong = providerFor("mysql", { ...config, password: "nope" });
    await assert.rejects(
      new Driver(wrong, databases.type, "d").create(database),
      /127\.0\.0\.1:18195: Access denied .*username \(admin\)/,
    );
    const none = providerFor("mysql", {});
    await assert.rejects(new Driver(none, databases.type, "d").create(database), /endpoint: expected host:port/);
    await wrong.close?.();
  });
});
