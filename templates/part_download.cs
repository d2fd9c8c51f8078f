<?cs # part_download.cs: the part of a download's page that changes ?><div id="download"<?cs if:download.preparing || download.mail.icon == "queued" ?> data-poll="<?cs var:download.href ?>/fragment"<?cs /if ?> data-title="<?cs var:download.state.word ?> – Download <?cs var:download.id ?> – <?cs var:download.env ?> – Lazarette">
<ol class="steps">
<?cs if:download.failed ?><li class="is-now"><?cs call:state(download.state) ?></li><?cs
else ?><li class="<?cs if:download.preparing ?>is-now<?cs else ?>is-done<?cs /if ?>"><?cs if:download.preparing ?><?cs call:icon("running") ?>Preparing<?cs if:job.progress.percent ?> <?cs var:job.progress.percent ?> %<?cs /if ?><?cs else ?><?cs call:icon("ok") ?>Prepared<?cs /if ?></li>
<li<?cs if:download.alive && !download.used ?> class="is-now"<?cs elif:!download.preparing ?> class="is-done"<?cs /if ?>><?cs if:download.alive ?><?cs call:icon("ok") ?><span>Ready: <?cs call:size(download.size) ?>, until <?cs var:download.expires.date ?> UTC</span><?cs elif:download.preparing ?><?cs call:icon("queued") ?>Ready<?cs else ?><?cs call:icon("ok") ?>Ready<?cs /if ?></li>
<li<?cs if:download.alive && download.used ?> class="is-now"<?cs elif:download.used ?> class="is-done"<?cs /if ?>><?cs if:download.used ?><?cs call:icon("ok") ?><?cs else ?><?cs call:icon("queued") ?><?cs /if ?>Used <?cs var:download.uses ?>/<?cs var:download.max_uses ?></li>
<li<?cs if:download.over || download.revoked ?> class="is-now"<?cs /if ?>><?cs if:download.revoked ?><?cs call:icon("cancelled") ?>Revoked<?cs elif:download.over ?><?cs call:icon("cancelled") ?>Expired<?cs else ?><?cs call:icon("queued") ?>Expired<?cs /if ?></li><?cs /if ?>
</ol>
<?cs if:download.preparing ?><div class="panel"><?cs if:job.progress ?><p class="phase"><?cs var:job.progress.phase ?></p>
<?cs if:job.progress.percent ?><progress aria-label="Done" max="100" value="<?cs var:job.progress.percent ?>"><?cs var:job.progress.percent ?> %</progress><?cs else ?><progress aria-label="Working"></progress><?cs /if ?>
<p class="num"><?cs call:size(job.progress.done) ?><?cs if:job.progress.total.text ?> of <?cs call:size(job.progress.total) ?><?cs /if ?><?cs if:job.progress.speed ?> · <?cs var:job.progress.speed ?><?cs /if ?><?cs if:job.progress.left ?> · <?cs var:job.progress.left ?><?cs /if ?></p><?cs else ?><p>It waits for its turn.</p><?cs /if ?>
<p class="muted">You can close this page; the job continues. We will mail the links to <?cs var:download.by ?>.</p>
<div class="actions"><a class="button" href="<?cs var:download.href ?>">Refresh</a><?cs if:job.href ?> <a class="button is-quiet" href="<?cs var:job.href ?>">Watch <?cs var:job.id ?></a><?cs /if ?></div></div>
<?cs elif:download.failed ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong><?cs var:download.error ?></strong></p><p><?cs if:job.href ?><a href="<?cs var:job.href ?>">Log of <?cs var:job.id ?></a> · <?cs /if ?><a href="<?cs var:download.backup.href ?>/download">Prepare again</a></p></div></div>
<?cs elif:download.over ?><p>The files were removed when the time was over. <a class="button" href="<?cs var:download.backup.href ?>/download">Prepare again</a></p>
<?cs elif:download.revoked ?><p>The files are removed and the links no longer work. <a class="button" href="<?cs var:download.backup.href ?>/download">Prepare again</a></p>
<?cs /if ?><h2>Files</h2>
<table class="list" role="table" aria-label="Files">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">File</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col">SHA-256</th><th role="columnheader" scope="col"><span class="unseen">Actions</span></th></tr></thead>
<tbody role="rowgroup">
<?cs each:f = download.files ?><tr role="row"><th role="rowheader" scope="row" data-label="File"><span><?cs call:icon(f.icon) ?> <?cs var:f.name ?></span></th><td role="cell" class="num" data-label="Size"><?cs call:size(f.size) ?></td><td role="cell" data-label="SHA-256"><?cs if:f.sha256 ?><span><?cs call:sum(f.sha256) ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></td><td role="cell"><?cs if:download.alive && page.may.download ?><div class="actions"><form method="post" action="<?cs var:download.href ?>/files/<?cs var:f.id ?>" class="act"><?cs call:secret() ?><button type="submit" class="button is-primary"><?cs call:icon("download") ?>Download<span class="unseen"> <?cs var:f.what ?></span></button></form></div><?cs /if ?></td></tr>
<?cs /each ?></tbody></table>
<dl class="facts">
<dt>Mail with the links</dt><dd><?cs if:download.mail.word ?><?cs call:state(download.mail) ?> to <?cs var:download.by ?><?cs if:download.mail.error ?><span class="why"><?cs var:download.mail.error ?></span><?cs /if ?><?cs elif:download.preparing ?><span class="muted">goes to <?cs var:download.by ?> when the files are ready</span><?cs else ?><span class="muted">none</span><?cs /if ?></dd>
<dt>Links</dt><dd><?cs if:download.alive ?>Valid until <?cs call:time(download.expires) ?>; each file up to <?cs var:download.max_uses ?> <?cs if:download.max_uses == "1" ?>time<?cs else ?>times<?cs /if ?>, used <?cs var:download.uses ?> <?cs if:download.uses == "1" ?>time<?cs else ?>times<?cs /if ?> so far.<?cs elif:download.preparing ?>Made when the files are ready.<?cs else ?>No longer valid.<?cs /if ?></dd>
</dl>
</div>
