<?cs # storage.cs: one place where backups lie, and what is not as it should be there ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p class="safety"><?cs call:state(storage.state) ?> <span><?cs if:storage.checked.iso ?>Last looked through <?cs call:when(storage.checked) ?>. <?cs /if ?>Every storage is looked through once a week.</span></p>
<?cs if:storage.job.busy ?><div class="notice is-busy"><?cs call:icon("running") ?><p>It is being looked through by <a href="<?cs var:storage.job.href ?>"><?cs var:storage.job.id ?></a>: <?cs var:storage.job.state.word ?>.</p></div>
<?cs elif:storage.job.error ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>The last look did not end.</strong> <?cs var:storage.job.error ?> <a href="<?cs var:storage.job.href ?>">Log of <?cs var:storage.job.id ?></a></p></div>
<?cs /if ?><?cs if:storage.test.error ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>The last test failed.</strong> <?cs var:storage.test.error ?> <a href="<?cs var:storage.test.href ?>">Log of <?cs var:storage.test.id ?></a></p></div>
<?cs /if ?><?cs if:storage.proof.text ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>Recovery is not proved.</strong> <?cs var:storage.proof.text ?>. <a href="<?cs var:storage.prove.href ?>">Log of <?cs var:storage.prove.id ?></a></p></div>
<?cs elif:storage.prove.error ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>The last proof did not end.</strong> <?cs var:storage.prove.error ?> <a href="<?cs var:storage.prove.href ?>">Log of <?cs var:storage.prove.id ?></a></p></div>
<?cs /if ?><?cs if:storage.rewrap.error ?><div class="notice is-warn"><?cs call:icon("warning") ?><p><strong>Not all that is stored here opens with the present key.</strong> <?cs var:storage.rewrap.error ?> <a href="<?cs var:storage.rewrap.href ?>">Log of <?cs var:storage.rewrap.id ?></a></p></div>
<?cs /if ?><?cs if:page.may.backup && !(storage.job.busy && storage.test.busy && storage.prove.busy) ?><div class="actions"><?cs if:!storage.job.busy ?><?cs call:act(storage.href + "/check", "Check now", "primary") ?><?cs /if ?><?cs if:!storage.test.busy ?> <?cs call:act(storage.href + "/test", "Test it", "") ?><?cs /if ?><?cs if:!storage.prove.busy ?> <?cs call:act(storage.href + "/prove", "Prove now", "") ?><?cs /if ?></div>
<?cs /if ?><?cs if:page.may.administer ?><div class="actions"><a class="button" href="<?cs var:storage.href ?>/settings">Settings</a> <a class="button is-quiet" href="<?cs var:storage.href ?>/remove">Remove</a></div>
<?cs /if ?><?cs if:storage.met && storage.host_key ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>The server shows another key than the one that was confirmed.</strong> Nothing is sent to it. It was <code><?cs var:storage.host_key ?></code> and is <code><?cs var:storage.met ?></code>. If somebody has set the server up anew, compare it as below; if nobody has, another machine may stand in its place.</p></div>
<?cs /if ?><?cs if:storage.met ?><section class="panel" aria-label="Key of the server"><p>The server shows the key <code><?cs var:storage.met ?></code>. Compare it with what the server itself says, at its console or through whoever runs it: <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code> (or ecdsa, or rsa).</p>
<?cs if:page.may.administer ?><form method="post" action="<?cs var:storage.href ?>/trust"><?cs call:secret() ?><input type="hidden" name="host_key" value="<?cs var:storage.met ?>"><?cs call:button("It is this one: confirm and test", "primary") ?></form>
<?cs else ?><p class="muted">An administrator confirms it here.</p>
<?cs /if ?></section>
<?cs /if ?><?cs if:storage.warning ?><div class="notice is-warn"><?cs call:icon("warning") ?><p><?cs var:storage.warning ?>.</p></div>
<?cs /if ?><section class="panel" aria-label="Facts"><dl class="facts">
<dt>Kind</dt><dd><?cs var:storage.kind ?></dd>
<dt><?cs if:storage.bucket ?>Address<?cs else ?>Path<?cs /if ?></dt><dd><code><?cs var:storage.path ?></code></dd>
<?cs if:storage.host_key ?><dt>Its key</dt><dd><code><?cs var:storage.host_key ?></code></dd>
<?cs /if ?><?cs if:storage.write_rate.value ?><dt>Written at most</dt><dd><?cs var:storage.write_rate.value ?></dd>
<?cs /if ?><?cs if:storage.read_rate.value ?><dt>Read at most</dt><dd><?cs var:storage.read_rate.value ?></dd>
<?cs /if ?><dt>Test</dt><dd><?cs if:storage.test.id ?><?cs call:state(storage.test.state) ?> <a href="<?cs var:storage.test.href ?>"><?cs var:storage.test.id ?></a><?cs if:storage.test.at.iso ?>, <?cs call:when(storage.test.at) ?><?cs /if ?><?cs if:storage.tested ?>. <?cs var:storage.tested ?>.<?cs /if ?><?cs else ?><span class="muted">Never. A test writes a small object, reads it back and removes it.</span><?cs /if ?></dd>
<dt>Recovery</dt><dd><?cs if:storage.prove.busy ?>Being proved by <a href="<?cs var:storage.prove.href ?>"><?cs var:storage.prove.id ?></a>: <?cs var:storage.prove.state.word ?>. <?cs /if ?><?cs if:storage.proof.at.iso ?><?cs if:storage.proof.text ?>Not proved<?cs else ?>Proved<?cs /if ?> <?cs call:when(storage.proof.at) ?>: <?cs var:storage.proof.backups ?> backup<?cs if:!storage.proof.one ?>s<?cs /if ?> rebuilt in <?cs var:storage.proof.rebuild ?>, <?cs if:storage.proof.equal ?>equal<?cs else ?>not equal<?cs /if ?><?cs if:storage.proof.id ?>; <a href="<?cs var:storage.proof.href ?>"><?cs var:storage.proof.id ?></a> opened by <?cs var:storage.proof.way ?> in <?cs var:storage.proof.took ?>.<?cs else ?>. <?cs var:storage.proof.way ?><?cs /if ?><?cs elif:!storage.prove.busy ?><span class="muted">Not proved yet<?cs if:storage.proof.nightly ?>; every night at <?cs var:storage.proof.nightly ?><?cs /if ?>. A proof rebuilds the catalogue from what lies here, compares the two, and opens one backup as README.txt says.</span><?cs /if ?></dd>
<dt>Encryption</dt><dd><?cs if:storage.encrypted ?>On: what is stored here opens with the secret key of <code><?cs var:storage.recipient ?></code>, which lies on the server, or with the recovery key.<?cs elif:storage.recipient ?>Off: whoever can read this storage can read what is stored here from now on.<?cs else ?><span class="muted">Off. There are no keys yet: <code>lazarette admin keys</code> on the server makes them.</span><?cs /if ?></dd>
<dt>Backups</dt><dd><?cs var:storage.backups ?>, <?cs call:size(storage.used) ?></dd>
<?cs if:storage.checked.iso ?><dt>Free</dt><dd><?cs if:storage.free.text ?><?cs call:size(storage.free) ?> at the last look<?cs else ?>no limit known<?cs /if ?></dd>
<dt>Objects</dt><dd><?cs var:storage.objects ?>, <?cs call:size(storage.bytes) ?></dd>
<dt>Missing</dt><dd><?cs var:storage.missing ?></dd>
<dt>Damaged</dt><dd><?cs var:storage.damaged ?></dd>
<dt>Unknown</dt><dd><?cs var:storage.unknown ?><?cs if:storage.full_list ?> or more<?cs /if ?></dd>
<?cs /if ?></dl></section>
<?cs if:page.may.administer && storage.recipient ?><details class="more" id="encryption"><summary>Encryption</summary>
<div><?cs if:storage.encrypted ?><p>Without encryption whoever gets hold of this storage, a disk of it or an account on its server, can read every backup that is made from then on. Those that are there stay encrypted and can be restored as before.</p>
<?cs call:act(storage.href + "/plain", "Stop encrypting", "danger") ?><?cs else ?><p>With encryption a backup opens only with the secret key of <code><?cs var:storage.recipient ?></code>, which lies in the folder <code>keys</code> on the server, or with the recovery key (<code><?cs var:storage.recovery ?></code>), which was printed once. If both are lost, so are the backups: make sure that a copy is kept elsewhere. What is there already stays as it is.</p>
<?cs call:act(storage.href + "/encrypt", "Encrypt from now on", "primary") ?><?cs /if ?>
<p>What was stored for an older key can be made to open with the present one, too: a small header is put beside each object, which itself stays as it is. A key that opens it now must be on the server.<?cs if:storage.rewrap.id ?> Last done by <a href="<?cs var:storage.rewrap.href ?>"><?cs var:storage.rewrap.id ?></a>: <?cs var:storage.rewrap.state.word ?>.<?cs /if ?></p>
<?cs if:!storage.rewrap.busy ?><?cs call:act(storage.href + "/rewrap", "Wrap for the present key", "") ?><?cs /if ?></div>
</details>
<?cs /if ?><?cs if:storage.move.first ?><h2>Move</h2>
<p><?cs if:storage.move.only ?><?cs var:storage.move.only ?> backup<?cs if:storage.move.only != "1" ?>s live<?cs else ?> lives<?cs /if ?> only here. To remove this storage, move what it holds first.<?cs else ?>All backups that are read from here first are whole in another storage, too.<?cs /if ?> Each is copied, read from there from then on, and then removed here; at every moment it is whole in one place at least. New backups go where the policies say.</p>
<?cs if:storage.move.moving ?><p role="status"><?cs call:icon("running") ?> <?cs var:storage.move.moving ?> of <?cs var:storage.move.first ?> are on their way. <a href="/jobs">Jobs</a></p>
<?cs elif:page.may.administer ?><div class="actions"><?cs each:t = storage.move.to ?><?cs call:act(t.act, t.label, "") ?> <?cs /each ?></div>
<?cs /if ?><?cs /if ?><h2>What is not as the catalogue says</h2>
<?cs if:subcount(storage.findings) ?><p class="muted">A backup with something missing or damaged is not restored and not downloaded. What is unknown is left alone: bring it back into the catalogue, or remove it by hand.</p>
<table class="list" role="table" aria-label="What is not as the catalogue says">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Object</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">What</th><th role="columnheader" scope="col">Backup</th><th role="columnheader" scope="col">Seen first</th></tr></thead>
<tbody role="rowgroup">
<?cs each:f = storage.findings ?><tr role="row"><th role="rowheader" scope="row" data-label="Object"><code><?cs var:f.path ?></code></th><td role="cell" data-label="State"><?cs call:state(f.state) ?></td><td role="cell" class="wide" data-label="What"><span><?cs var:f.text ?></span></td><td role="cell" data-label="Backup"><?cs if:f.href ?><a href="<?cs var:f.href ?>"><?cs var:f.backup ?></a><?cs else ?><span class="muted">—</span><?cs /if ?></td><td role="cell" data-label="Seen first"><?cs call:when(f.found) ?></td></tr>
<?cs /each ?></tbody></table>
<?cs if:storage.unshown ?><p class="muted">And <?cs var:storage.unshown ?> more.</p>
<?cs /if ?><?cs elif:storage.clean ?><p>Nothing: every object of every backup is there in its size, and nothing else is.</p>
<?cs else ?><p class="muted">Nobody has looked yet.</p>
<?cs /if ?><?cs include!"foot.cs" ?>
