<?cs # storage_form.cs: the settings of a storage ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?><?cs
 def:pick_one(f, name, label, hint, options) ?><div class="field<?cs if:f.error ?> is-faulty<?cs /if ?>"><?cs call:label(f, name, label, hint) ?><select<?cs call:marks(f, name, hint) ?>><?cs each:o = options ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div><?cs /def ?>
<form class="panel narrow" method="post" action="<?cs if:new ?>/storage/new<?cs else ?><?cs var:href ?>/settings<?cs /if ?>"><?cs call:secret() ?>
<input type="hidden" name="kind" value="<?cs var:kind.value ?>"><?cs if:!new ?><input type="hidden" name="revision" value="<?cs var:revision ?>"><?cs /if ?>
<?cs if:new ?><?cs call:text(slug, "slug", "Name", "a–z, 0–9 and dashes; it stays") ?>
<?cs /if ?><?cs if:s3 ?><?cs call:text(endpoint, "endpoint", "Endpoint", "The address of the service, such as https://s3.eu-central-1.amazonaws.com. With http:// everything but the secret key can be read on the way.") ?>
<?cs call:text(region, "region", "Region", "As the service calls it; us-east-1 where it has none") ?>
<?cs call:text(bucket, "bucket", "Bucket", "It must be there already") ?>
<?cs call:text(prefix, "prefix", "Prefix", "A folder within the bucket; empty: its root. Several instances may share a bucket, but no prefix.") ?>
<?cs call:pick_one(style, "style", "The bucket's name stands", "In the path suits nearly every service", styles) ?>
<?cs call:text(key_id, "key_id", "Key id", "It must be allowed to put, get, list and delete objects, and to list and abort multipart uploads") ?>
<div class="field<?cs if:secret.error ?> is-faulty<?cs /if ?>"><label for="secret">Secret key</label><p class="hint" id="secret-hint"><?cs if:secret.stored ?>One is stored, locked up so that only the worker can open it. Unchanged if left empty.<?cs else ?>It is locked up so that only the worker can open it, and never shown again.<?cs /if ?></p><?cs if:secret.error ?><p class="fault" id="secret-fault"><?cs call:icon("failed") ?><?cs var:secret.error ?></p><?cs /if ?><input type="password" id="secret" name="secret" autocomplete="off"<?cs if:secret.error ?> aria-invalid="true" aria-describedby="secret-hint secret-fault"<?cs else ?> aria-describedby="secret-hint"<?cs /if ?>></div>
<?cs call:text(storage_class, "storage_class", "Storage class", "Empty: the bucket's own. Classes that must be thawed before they are read make restores and checks fail.") ?>
<?cs call:pick_one(encryption, "encryption", "Encryption by the service", "", encryptions) ?>
<?cs elif:sftp ?><?cs call:text(host, "host", "Server", "Its name or address. A test shows the fingerprint of its key; nothing is sent there before you have confirmed it.") ?>
<?cs call:input(port, "port", "Port", "", "number") ?>
<?cs call:text(login, "login", "Account", "One of its own, which may write into the folder and needs no shell") ?>
<?cs call:text(folder, "folder", "Folder", "The whole path there. Several instances may use one server, but no folder.") ?>
<?cs call:pick_one(auth, "auth", "Log in", "", auths) ?>
<div class="field<?cs if:secret.error ?> is-faulty<?cs /if ?>"><label for="secret">Private key or password</label><p class="hint" id="secret-hint"><?cs if:secret.stored ?>One is stored, locked up so that only the worker can open it. Unchanged if left empty.<?cs else ?>It is locked up so that only the worker can open it, and never shown again. A key that only this console has, without a passphrase: <code>ssh-keygen -t ed25519 -N ''</code> makes one. Most servers refuse RSA keys from here.<?cs /if ?></p><?cs if:secret.error ?><p class="fault" id="secret-fault"><?cs call:icon("failed") ?><?cs var:secret.error ?></p><?cs /if ?><textarea id="secret" name="secret" rows="4" spellcheck="false" autocomplete="off"<?cs if:secret.error ?> aria-invalid="true" aria-describedby="secret-hint secret-fault"<?cs else ?> aria-describedby="secret-hint"<?cs /if ?>></textarea></div>
<?cs else ?><?cs call:text(path, "path", "Folder", "The whole path on this server. It must be there and belong to the worker's user; a test says whether it lies on the disk of what it keeps.") ?>
<?cs /if ?><fieldset><legend>How fast, at most</legend>
<?cs call:text(write_rate, "write_rate", "Writing", "All jobs of this machine together, such as 10 MiB/s; empty: as fast as it goes") ?>
<?cs call:text(read_rate, "read_rate", "Reading", "The same for restores, downloads and checks of what is stored") ?></fieldset>
<?cs if:!new ?><p class="hint">Nothing is moved: what was stored in another place must be brought here by hand, or it counts as missing.</p>
<?cs /if ?><div class="actions"><button type="submit" class="button is-primary" name="then" value="test">Save and test</button> <?cs call:button("Save", "") ?> <a class="button is-quiet" href="<?cs if:new ?>/storage<?cs else ?><?cs var:href ?><?cs /if ?>">Cancel</a></div>
</form>
<?cs include!"foot.cs" ?>
