<?cs # projects.cs: all projects ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:subcount(projects) ?><?cs if:page.may.configure ?><div class="actions"><a class="button is-primary" href="/projects/new"><?cs call:icon("plus") ?>Add a project</a> <a class="button" href="/policies">Policies of this instance</a><?cs if:page.may.administer ?> <a class="button" href="/notifications">Notifications</a><?cs /if ?></div>
<?cs /if ?><table class="list" role="table" aria-label="Projects">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Project</th><th role="columnheader" scope="col">Environments</th><th role="columnheader" scope="col">Owners</th></tr></thead>
<tbody role="rowgroup">
<?cs each:p = projects ?><tr role="row">
<th role="rowheader" scope="row" data-label="Project"><span><a href="<?cs var:p.href ?>"><?cs var:p.name ?></a><br><span class="muted"><?cs var:p.slug ?></span></span></th>
<td role="cell" data-label="Environments"><span><?cs each:v = p.environments ?><span class="line"><a href="<?cs var:v.href ?>"><?cs var:v.name ?></a> <?cs call:state(v.state) ?></span><?cs /each ?><?cs if:subcount(p.environments) == #0 ?><span class="muted">none yet</span><?cs /if ?></span></td>
<td role="cell" class="wide" data-label="Owners"><?cs if:p.owners ?><span class="note"><?cs var:p.owners ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></td>
</tr>
<?cs /each ?></tbody></table>
<?cs else ?><div class="empty"><?cs call:empty("Nothing to protect yet", "A project is one web app; it has environments (live, staging) and services (database, files).") ?><?cs if:page.may.configure ?><div class="actions"><a class="button is-primary" href="/projects/new"><?cs call:icon("plus") ?>Add a project</a></div><?cs /if ?></div>
<?cs /if ?><?cs include!"foot.cs" ?>
