<?cs # service.cs: one service: its connection, and the form of its settings ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:!new ?><section class="panel" aria-label="Connection"><p class="safety"><?cs call:state(check) ?> <span><?cs if:check.at.iso ?>tested <?cs call:when(check.at) ?><?cs else ?>Test it: a worker tries to read it as a backup would.<?cs /if ?></span></p>
<?cs if:check.text ?><p class="note"><?cs var:check.text ?></p>
<?cs /if ?><div class="actions"><?cs if:page.may.backup ?><?cs call:act(href + "/check", "Test connection", "") ?> <?cs /if ?><a class="button" href="<?cs var:href ?>/backups">Backups of this service</a></div></section>
<?cs /if ?><form class="panel narrow" method="post" action="<?cs if:new ?><?cs var:base ?>/services/new<?cs else ?><?cs var:href ?><?cs /if ?>"><?cs call:secret() ?>
<input type="hidden" name="engine" value="<?cs var:engine.value ?>"><?cs if:!new ?><input type="hidden" name="revision" value="<?cs var:revision ?>"><?cs /if ?>
<?cs call:input(name, "name", "Name", "", "text") ?>
<?cs call:text(slug, "slug", "Name in addresses and file names", "a–z, 0–9 and dashes") ?>
<?cs if:postgresql ?><?cs call:text(host, "host", "Host", "A name or an address; a path beginning with / is the folder of a local socket") ?>
<?cs call:input(port, "port", "Port", "", "number") ?>
<?cs call:text(database, "database", "Database", "") ?>
<?cs call:text(user, "user", "User", "A user that may only read is enough") ?>
<div class="field<?cs if:secret.error ?> is-faulty<?cs /if ?>"><label for="secret">Password</label><p class="hint" id="secret-hint"><?cs if:secret.stored ?>One is stored, locked up so that only the worker can open it. Unchanged if left empty.<?cs else ?>It is locked up so that only the worker can open it, and never shown again.<?cs /if ?></p><?cs if:secret.error ?><p class="fault" id="secret-fault"><?cs call:icon("failed") ?><?cs var:secret.error ?></p><?cs /if ?><input type="password" id="secret" name="secret" autocomplete="off"<?cs if:secret.error ?> aria-invalid="true" aria-describedby="secret-hint secret-fault"<?cs else ?> aria-describedby="secret-hint"<?cs /if ?>></div>
<div class="field<?cs if:tls.error ?> is-faulty<?cs /if ?>"><label for="tls">Encryption on the way</label><?cs if:tls.error ?><p class="fault" id="tls-fault"><?cs call:icon("failed") ?><?cs var:tls.error ?></p><?cs /if ?><?cs call:newer(tls) ?><select id="tls" name="tls"<?cs if:tls.error ?> aria-invalid="true" aria-describedby="tls-fault"<?cs /if ?>><?cs each:o = modes ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<?cs elif:sqlite ?><?cs call:text(path, "path", "Database file", "The whole path on this server, such as /srv/shop/shop.sqlite") ?>
<?cs elif:files ?><?cs call:area(roots, "roots", "Folders", "One whole path a line, such as /srv/shop/media", "3") ?>
<?cs call:area(excludes, "excludes", "Leave out", "One pattern a line: *.tmp matches a name anywhere, cache/ a folder with all it holds. The connection test counts what they leave out.", "3") ?>
<?cs /if ?><?cs call:input(level, "level", "How hard to compress", "1 (fast) to 19 (small); as the server's settings say (usually 3) if left empty", "number") ?>
<fieldset><legend>Landing rules: what runs before live data is opened here</legend>
<?cs if:!files ?><?cs call:area(sanitise_sql, "sanitise_sql", "SQL", "Run by the service's own user on what was restored, before it is switched in: mask addresses, empty the mail queue, take payment keys away.", "5") ?>
<?cs /if ?><?cs call:text(sanitise_hook, "sanitise_hook", "Hook", "The name of an executable in the folder hooks of this instance") ?></fieldset>
<div class="actions"><button type="submit" class="button is-primary" name="then" value="test">Save and test</button> <?cs call:button("Save", "") ?> <a class="button is-quiet" href="<?cs var:base ?>/services">Cancel</a></div>
</form>
<?cs include!"foot.cs" ?>
