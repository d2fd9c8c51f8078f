<?cs # download.cs: one download ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs include!"part_download.cs" ?>
<dl class="facts">
<dt>From</dt><dd>backup <a href="<?cs var:download.backup.href ?>"><?cs var:download.backup.id ?></a> of <?cs var:env.label ?>, <?cs call:time(download.backup.taken) ?></dd>
<?cs if:download.note ?><dt>Note</dt><dd class="note"><?cs var:download.note ?></dd>
<?cs /if ?><dt>Asked for</dt><dd><?cs call:time(download.created) ?> by <?cs var:download.by ?></dd>
<?cs if:job.href ?><dt>Job</dt><dd><a href="<?cs var:job.href ?>"><?cs var:job.id ?></a></dd>
<?cs /if ?></dl>
<?cs if:download.alive && page.may.download ?><details class="more narrow" id="revoke"><summary>Revoke this download</summary><form method="post" action="<?cs var:download.href ?>/revoke"><?cs call:secret() ?><p>All its links stop working at once, and its files are removed. The backup <?cs var:download.backup.id ?> stays as it is.</p><div class="actions"><button type="submit" class="button is-danger">Revoke download <?cs var:download.id ?></button></div></form></details>
<?cs /if ?><p class="muted">The links stand only in the mail: <a href="/help/downloads">how links work</a></p>
<?cs include!"foot.cs" ?>
