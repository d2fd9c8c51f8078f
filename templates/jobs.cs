<?cs # jobs.cs: all jobs, newest first ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(jobs) ?><table class="list" role="table" aria-label="Jobs">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Job</th>
<th role="columnheader" scope="col">What</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col">Asked for</th>
<th role="columnheader" scope="col" class="num">Took</th>
<th role="columnheader" scope="col">By</th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:j = jobs ?><tr role="row">
<th role="rowheader" scope="row" data-label="Job"><a href="<?cs var:j.href ?>"><?cs var:j.id ?></a></th>
<td role="cell" data-label="What"><span><?cs var:j.title ?><?cs if:j.subject.href ?> <a href="<?cs var:j.subject.href ?>"><?cs var:j.subject.text ?></a><?cs /if ?><?cs if:j.mode ?>, <?cs var:j.mode ?><?cs /if ?><br><a class="muted" href="<?cs var:j.env.href ?>"><?cs var:j.env.label ?></a></span></td>
<td role="cell" data-label="State"><span><?cs call:state(j.state) ?><?cs if:j.waiting ?><span class="why"><?cs var:j.waiting ?></span><?cs /if ?><?cs if:j.error ?><span class="why"><?cs var:j.error ?></span><?cs /if ?></span></td>
<td role="cell" data-label="Asked for"><span class="stamp"><?cs call:time(j.created) ?></span></td>
<td role="cell" class="num" data-label="Took"><?cs if:j.took ?><?cs var:j.took ?><?cs else ?><span class="muted">—</span><?cs /if ?></td>
<td role="cell" data-label="By"><?cs var:j.by ?></td>
</tr>
<?cs /each ?></tbody></table>
<?cs call:pager(pager) ?>
<?cs else ?><div class="empty"><?cs call:empty("No jobs", "The worker is idle. Backups, downloads, verifications and connection tests show up here.") ?></div>
<?cs /if ?><?cs include!"foot.cs" ?>
